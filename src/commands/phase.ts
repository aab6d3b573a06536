import { endAs, start, type Descriptors } from '../become.ts';
import type { Input } from '../command.ts';
import { findCollisions, inside } from '../collide.ts';
import { allowFor, carried, confineOptions } from '../confine.ts';
import { aroundOf } from '../evidence/around.ts';
import { packageOf } from '../environment.ts';
import { factsOf } from '../facts.ts';
import { installation } from '../installation.ts';
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
