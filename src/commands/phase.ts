import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Input } from '../commands.ts';
import { findCollisions, inside } from '../collide.ts';
import { carried, confineOptions } from '../confine.ts';
import { aroundOf } from '../evidence/around.ts';
import { factsOf, packageOf } from '../facts.ts';
import { installation } from '../installation.ts';
import { UsageError } from '../usage.ts';

/** What env(1) says when it could not do its part. */
const REFUSED = 125;

/** Sent by somebody who means the command; what a terminal sends reaches the whole group by itself. */
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

export async function run({ words, command }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`put -- before the command "${words[0]}"`);
	if (command?.[0] === undefined) throw new UsageError('phase needs a command: portcullis phase -- COMMAND [ARG...]');
	const { PORTCULLIS_FDS: descriptors = '', ...environment } = process.env;
	const facts = await factsOf(environment);
	const options = confineOptions(packageOf(environment), facts);
	const [program, ...rest] = options.length > 0 ? [installation().confine, ...options, '--', ...command] : command;
	const local = options.includes('--net') ? inside(findCollisions(facts, aroundOf(environment, facts.features))) : {};
	return become(program ?? '', rest, carried({ ...environment, ...local }), inherited(descriptors));
}

/** Runs a program in our place: its descriptors, signals and status are ours. */
function become(
	program: string,
	args: readonly string[],
	env: Record<string, string>,
	stdio: ('ignore' | 'inherit' | number)[],
): Promise<number> {
	return new Promise((resolve) => {
		const child = spawn(program, args, { env, stdio });
		for (const signal of forwarded) process.on(signal, () => child.kill(signal));
		// They come from the terminal, and the command decides about them.
		process.on('SIGINT', () => undefined);
		process.on('SIGQUIT', () => undefined);
		child.on('error', (error) => {
			process.stderr.write(`portcullis: ${program} can't be started: ${error.message}\n`);
			resolve(REFUSED);
		});
		child.on('exit', (status, signal) => {
			if (signal === null) return resolve(status ?? REFUSED);
			process.removeAllListeners(signal);
			process.kill(process.pid, signal);
			// For a signal that we ignore or that comes late.
			setTimeout(() => resolve(128 + constants.signals[signal]), 1000);
		});
	});
}

/** Node marks what it inherits close-on-exec, and has descriptors of its own: bin/portcullis lists the caller's. */
function inherited(descriptors: string): ('ignore' | 'inherit' | number)[] {
	const wanted = descriptors.split(' ').map(Number);
	const last = Math.max(2, ...wanted);
	return Array.from({ length: last + 1 }, (_, fd) => (fd <= 2 || wanted.includes(fd) ? fd : 'ignore'));
}
