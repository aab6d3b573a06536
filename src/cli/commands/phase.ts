import { endAs, start, type Descriptors } from '../../confine/spawn.ts';
import type { Input } from '../command.ts';
import { findCollisions, inside } from '../../conflicts/detect.ts';
import { allowFor, carried, confineOptions } from '../../confine/options.ts';
import { aroundOf } from '../../conflicts/build_context.ts';
import { packageOf } from '../../util/environment.ts';
import { factsOf } from '../../rules/phase_context.ts';
import { installation } from '../../installation/locate.ts';
import { UsageError } from '../usage.ts';

export async function run({ words, command }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`put -- before the command "${words[0]}"`);
	if (command?.[0] === undefined) throw new UsageError('phase needs a command: portcullis phase -- COMMAND [ARG...]');
	const { PORTCULLIS_FDS: descriptors = '', ...environment } = process.env;
	const facts = await factsOf(environment);
	const options = confineOptions(packageOf(environment), facts, await allowFor(facts, environment));
	const [program, ...rest] = options.length > 0 ? [installation().confine, ...options, '--', ...command] : command;
	const own = options.includes('--net')
		? inside(findCollisions(facts, aroundOf(environment, facts.features, facts.settings.PORTCULLIS_ALLOW)), environment)
		: environment;
	return endAs(await start(program ?? '', rest, carried(own), inherited(descriptors)));
}

/** Node marks what it inherits close-on-exec, and has descriptors of its own: bin/portcullis lists the caller's. */
function inherited(descriptors: string): Descriptors {
	const wanted = descriptors.split(' ').map(Number);
	const last = Math.max(2, ...wanted);
	return Array.from({ length: last + 1 }, (_, fd) => (fd <= 2 || wanted.includes(fd) ? fd : 'ignore'));
}
