import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { Confinement } from '../rules/phases.ts';
import { assignments } from '../util/environment.ts';
import { printError } from '../util/output.ts';

/** The exit status for a program that could not be started, as in env(1). */
const CANNOT_START = 125;

/** Signals from another process are forwarded to the child. Signals from a terminal reach the whole process group anyway. */
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

interface Exit {
	/** 125 if the program could not be started. */
	readonly status: number;
	readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a program in the foreground with the descriptors of this process, and forwards signals to it. With `onLine`, its output is
 * passed on by lines.
 */
export function runForeground(
	program: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv,
	cwd?: string,
	onLine?: (line: string) => void,
): Promise<Exit> {
	return new Promise((resolve) => {
		// Install the handlers before the child exists: a signal in between would end only this process. Node calls handlers from its
		// event loop, so the child exists when they run.
		for (const signal of forwarded) process.on(signal, () => child.kill(signal));
		// The terminal sends SIGINT and SIGQUIT to the child too. If they end the child, this process exits like the child.
		process.on('SIGINT', () => undefined);
		process.on('SIGQUIT', () => undefined);
		const output = onLine === undefined ? 'inherit' : 'pipe';
		const child = spawn(program, args, { env, stdio: ['inherit', output, output], cwd });
		for (const input of [child.stdout, child.stderr])
			if (input !== null) createInterface({ input }).on('line', (line) => onLine?.(line));
		child.on('error', (error) => {
			printError(`portcullis: cannot start ${program}: ${error.message}`);
			resolve({ status: CANNOT_START, signal: null });
		});
		child.on('close', (status, signal) => {
			resolve({ status: status ?? CANNOT_START, signal });
		});
	});
}

/** Exits as the child did: returns its status, or kills this process with the same signal. */
export function exitLikeChild({ status, signal }: Exit): Promise<number> {
	if (signal === null) return Promise.resolve(status);
	return new Promise((resolve) => {
		process.removeAllListeners(signal);
		process.kill(process.pid, signal);
		// The signal may be ignored or arrive late.
		setTimeout(() => {
			resolve(128 + constants.signals[signal]);
		}, 1000);
	});
}

export interface Captured {
	readonly stdout: string;
	readonly stderr: string;
	/** undefined if a signal ended the program or it could not be started. */
	readonly status: number | undefined;
	/** Why the program failed, in one line; undefined if it succeeded. */
	readonly error: string | undefined;
}

/** Runs a program without input and returns its output. `timeout` is in milliseconds. Never rejects. */
export function capture(
	program: string,
	args: readonly string[],
	{ env = process.env, timeout = 0 }: { env?: NodeJS.ProcessEnv; timeout?: number } = {},
): Promise<Captured> {
	return new Promise((resolve) => {
		const options = { env, timeout, maxBuffer: 64 << 20 };
		const child = execFile(program, args, options, (error, stdout, stderr) => {
			const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
			resolve({ stdout, stderr, status, error: error?.message.split('\n')[0] });
		});
		child.stdin?.end();
	});
}

/** The answers of `confine --probe` by key; none if confine cannot be started. */
export async function probeConfine(confine: string): Promise<Record<string, string>> {
	const { stdout } = await capture(confine, ['--probe'], { timeout: 10_000 });
	return assignments(stdout.split('\n'));
}

/** The sandboxes that this user cannot have here, each with the reason. A subreaper tracks processes where nothing else does. */
export async function unavailableSandboxes(confine: string): Promise<{ what: Confinement; why: string }[]> {
	const answers = await probeConfine(confine);
	return (['net', 'ipc'] as const).flatMap((what) => {
		const [, why] = /^no: (.*)/.exec(answers[what] ?? '') ?? [];
		return why === undefined ? [] : [{ what, why }];
	});
}
