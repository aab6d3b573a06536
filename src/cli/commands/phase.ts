import { exitLikeChild, start, type Descriptors } from '../../confine/spawn.ts';
import type { Input } from '../command.ts';
import { findConflicts, inside } from '../../conflicts/detect.ts';
import { allowFor, encodeSecureEnvironment, confineOptions } from '../../confine/options.ts';
import { buildContextOf } from '../../conflicts/build_context.ts';
import { packageOf } from '../../util/environment.ts';
import { phaseContextOf } from '../../rules/phase_context.ts';
import { installation } from '../../installation/locate.ts';
import { UsageError } from '../usage.ts';

export async function run({ words, command }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`put -- before the command "${words[0]}"`);
	if (command?.[0] === undefined) throw new UsageError('phase needs a command: portcullis phase -- COMMAND [ARG...]');
	const { PORTCULLIS_FDS: descriptors = '', ...environment } = process.env;
	const phaseContext = await phaseContextOf(environment);
	const options = confineOptions(packageOf(environment), phaseContext, await allowFor(phaseContext, environment));
	const [program, ...rest] = options.length > 0 ? [installation().confine, ...options, '--', ...command] : command;
	const own = options.includes('--net')
		? inside(
				findConflicts(
					phaseContext,
					buildContextOf(environment, phaseContext.features, phaseContext.settings.PORTCULLIS_ALLOW),
				),
				environment,
			)
		: environment;
	return exitLikeChild(await start(program ?? '', rest, encodeSecureEnvironment(own), inherited(descriptors)));
}

/** Node marks what it inherits close-on-exec, and has descriptors of its own: bin/portcullis lists the caller's. */
function inherited(descriptors: string): Descriptors {
	const wanted = descriptors.split(' ').map(Number);
	const last = Math.max(2, ...wanted);
	return Array.from({ length: last + 1 }, (_, fd) => (fd <= 2 || wanted.includes(fd) ? fd : 'ignore'));
}
