// SPDX-License-Identifier: GPL-2.0-or-later
import { execFile, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { namespaceConfinements, type Confinement } from '../rules/phases.ts';
import { assignments } from '../util/environment.ts';
import { printError } from '../util/output.ts';

/** The exit status of portcullis if it could not start a program. env(1) uses 125 for its own failures too. */
const CANNOT_START = 125;

/** The signals that portcullis forwards to its child. SIGINT and SIGQUIT are missing, because a terminal sends them to the child too. */
const forwarded = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;

export interface Exit {
	/** The exit status of the program; 125 if the program could not be started or if `signal` ended it. */
	readonly status: number;
	readonly signal: NodeJS.Signals | null;
}

/**
 * Runs a program in the foreground with the file descriptors of this process, and forwards signals to it. If `onLine` is given, calls it
 * for each line of the program's output instead of printing the line.
 */
export function runForeground(
	program: string,
	args: readonly string[],
	env: NodeJS.ProcessEnv,
	cwd?: string,
	onLine?: (line: string) => void,
): Promise<Exit> {
	return new Promise((resolve) => {
		// Install the handlers before the child starts, because a signal that arrives before the handlers exist would end this process and not
		// the child. The handlers can use `child`, because Node calls them from its event loop, when the child exists.
		for (const signal of forwarded) process.on(signal, () => child.kill(signal));
		// Ignore SIGINT and SIGQUIT: the terminal sends them to the child too. If they end the child, this process exits like the child.
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

/** Returns the exit status of the child or, if a signal ended the child, kills this process with the same signal. */
export function exitLikeChild({ status, signal }: Exit): Promise<number> {
	if (signal === null) return Promise.resolve(status);
	return new Promise((resolve) => {
		process.removeAllListeners(signal);
		process.kill(process.pid, signal);
		// In case this process ignores the signal, return after one second the status that a shell would show.
		setTimeout(() => {
			resolve(128 + constants.signals[signal]);
		}, 1000);
	});
}

/**
 * Runs a program without input and returns its output. `timeout` is in milliseconds. `status` is undefined if a signal ended the program or if
 * it could not be started. `error` is the reason why it failed, in one line; undefined if it succeeded. The promise is never rejected.
 */
export function capture(
	program: string,
	args: readonly string[],
	{ env = process.env, timeout = 0 }: { env?: NodeJS.ProcessEnv; timeout?: number } = {},
) {
	type Captured = Record<'stdout' | 'stderr', string> & { status: number | undefined; error: string | undefined };
	return new Promise<Captured>((resolve) => {
		const options = { env, timeout, maxBuffer: 64 << 20 };
		const child = execFile(program, args, options, (error, stdout, stderr) => {
			const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
			resolve({ stdout, stderr, status, error: error?.message.split('\n')[0] });
		});
		child.stdin?.end();
	});
}

/** Returns the output of `confine --probe`, values by key; {} if confine cannot be started. */
export async function probeConfine(confine: string): Promise<Record<string, string>> {
	const { stdout } = await capture(confine, ['--probe'], { timeout: 10_000 });
	return assignments(stdout.split('\n'));
}

/**
 * Returns the sandboxes that are not available to this user, each with the reason. If a seccomp filter replaces the network namespace,
 * `filterWhy` is the error that made the namespace impossible, otherwise ''. The list never contains cgroup, because confine can
 * always track the processes of a phase by a subreaper.
 */
export async function unavailableSandboxes(
	confine: string,
): Promise<{ unavailable: { what: Confinement; why: string }[]; filterWhy: string }> {
	const probe = await probeConfine(confine);
	const unavailable = namespaceConfinements
		.map((what) => ({ what, why: refusalOf(probe, what) }))
		.filter(({ why }) => why !== '');
	return { unavailable, filterWhy: /^filter: (.*)/.exec(probe['net'] ?? '')?.[1] ?? '' };
}

/** Returns the reason in the output of `confine --probe` why confine cannot apply `what`; '' if confine can apply it. */
export function refusalOf(probe: Readonly<Record<string, string>>, what: Confinement | 'proc' | 'shm'): string {
	return /^no: (.*)/.exec(probe[what] ?? '')?.[1] ?? '';
}
