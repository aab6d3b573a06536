import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { printError } from '../util/output.ts';

/** What env(1) says when it could not do its part. */
const REFUSED = 125;

/** Sent by somebody who means the command; what a terminal sends reaches the whole group by itself. */
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

interface Ending {
	/** 125 where the program couldn't be started. */
	readonly status: number;
	readonly signal: NodeJS.Signals | null;
}

/** Runs a program in our place: its descriptors and signals are ours. Gives how it ended. */
export function start(
	program: string,
	args: readonly string[],
	env: Record<string, string>,
	cwd?: string,
): Promise<Ending> {
	return new Promise((resolve) => {
		// The handlers come before the child: a signal that arrives in between would end only this process and leave the child. Node
		// calls them from its event loop, so the child exists when they run.
		for (const signal of forwarded) process.on(signal, () => child.kill(signal));
		// They come from the terminal, and the command decides about them.
		process.on('SIGINT', () => undefined);
		process.on('SIGQUIT', () => undefined);
		const child = spawn(program, args, { env, stdio: 'inherit', cwd });
		child.on('error', (error) => {
			printError(`portcullis: ${program} can't be started: ${error.message}`);
			resolve({ status: REFUSED, signal: null });
		});
		child.on('exit', (status, signal) => {
			resolve({ status: status ?? REFUSED, signal });
		});
	});
}

/** Ends as that program did: gives its status, or dies of its signal. */
export function exitLikeChild({ status, signal }: Ending): Promise<number> {
	if (signal === null) return Promise.resolve(status);
	return new Promise((resolve) => {
		process.removeAllListeners(signal);
		process.kill(process.pid, signal);
		// For a signal that we ignore or that comes late.
		setTimeout(() => {
			resolve(128 + constants.signals[signal]);
		}, 1000);
	});
}
