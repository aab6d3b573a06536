// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { parseRuns } from './statistics.ts';
import { table, type Table } from './table.ts';

interface Contest {
	readonly title: string;
	readonly reference: string;
	/** The commands to measure, by the name of their row in the table. */
	readonly commands: Readonly<Record<string, readonly string[]>>;
}

const bwrap = ['bwrap', '--dev-bind', '/', '/', '--unshare-net', '--unshare-ipc'];

function contests(bin: string): { root: Contest[]; user: Contest[] } {
	const confine = join(bin, 'confine');
	const plain = { true: ['true'] };
	const tracked: Contest = {
		title: 'The same, and nothing outlives it',
		reference: 'bwrap --unshare-net --unshare-ipc --unshare-pid --die-with-parent true',
		commands: {
			...plain,
			'confine --net --ipc --cgroup bench true': [confine, '--net', '--ipc', '--cgroup', 'bench', '--', 'true'],
			'bwrap --unshare-net --unshare-ipc --unshare-pid --die-with-parent true': [
				...bwrap,
				'--unshare-pid',
				'--die-with-parent',
				'true',
			],
		},
	};
	const record = [confine, '--net', '--ipc', '--record', join(bin, 'record')];
	const audited: Contest = {
		title: 'The same, with a record',
		reference: 'confine --net --ipc --record FILE true',
		commands: {
			...plain,
			'confine --net --ipc --record FILE true': [...record, '--', 'true'],
			'confine --net --ipc --record FILE --audit true': [...record, '--audit', '--', 'true'],
		},
	};
	// Run confine as in a phase: --best-effort starts a second process of confine, the supervisor. The reference has --uses /dev/shm, with which
	// confine mounts no private /dev/shm, so that the next row shows what this mount adds.
	const phase = [confine, '--net', '--ipc', '--best-effort'];
	const added: Contest = {
		title: 'What a private /dev/shm, pid-sandbox and mount-sandbox add',
		reference: 'confine --net --ipc --best-effort --uses /dev/shm true',
		commands: {
			...plain,
			'confine --net --ipc --best-effort --uses /dev/shm true': [...phase, '--uses', '/dev/shm', '--', 'true'],
			'confine --net --ipc --best-effort true': [...phase, '--', 'true'],
			'confine --net --ipc --best-effort --pid --mount true': [...phase, '--pid', '--mount', '--', 'true'],
		},
	};
	const namespaces = (unshare: readonly string[]): Contest => ({
		title: 'A command in its own network and IPC namespaces',
		reference: unshare.join(' '),
		commands: {
			...plain,
			'confine --net --ipc --uses /dev/shm true': [confine, '--net', '--ipc', '--uses', '/dev/shm', '--', 'true'],
			[unshare.join(' ')]: unshare,
			'bwrap --unshare-net --unshare-ipc true': [...bwrap, 'true'],
		},
	});
	return {
		root: [namespaces(['unshare', '-n', '-i', 'true']), tracked, audited, added],
		user: [namespaces(['unshare', '-U', '-r', '-n', '-i', 'true']), tracked, audited, added],
	};
}

const ordinary = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--'];

/** Runs a program and returns its standard output. Inherits standard error. */
export function output(command: readonly string[]): string {
	const [program, ...args] = command;
	if (program === undefined) {
		throw new Error('no command');
	}
	return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 28 });
}

function hold(
	{ title, reference, commands }: Contest,
	who: string,
	prefix: readonly string[],
	bin: string,
	runs: number,
): Table {
	const all = Object.values(commands).flatMap((command) => ['---', ...command]);
	const values = parseRuns(output([...prefix, join(bin, 'run_times'), String(runs), ...all.slice(1)]));
	return table(
		`${title}, ${who}`,
		'ms',
		reference,
		Object.keys(commands).map((name, number) => [name, values[number] ?? []]),
	);
}

/** Measures single commands as an ordinary user and, if this process is root, as root. `bin` is the directory with confine and run_times. */
export function benchCommands(bin: string, runs: number): Table[] {
	const { root, user } = contests(bin);
	if (userInfo().uid !== 0) {
		return user.map((contest) => hold(contest, 'as an ordinary user', [], bin, runs));
	}
	return [
		...root.map((contest) => hold(contest, 'as root', [], bin, runs)),
		...user.map((contest) => hold(contest, 'as an ordinary user', ordinary, bin, runs)),
	];
}

/** Returns the peak memory in kB that confine uses before it executes its command. */
export function benchMemory(bin: string): number {
	return Number(output([join(bin, 'peak_memory'), join(bin, 'confine'), '--net', '--ipc', '--', 'true']));
}

/** Returns the memory of the supervisor in kB: its private pages and its share of shared pages (Pss in proc(5)). */
export async function benchSupervisor(bin: string): Promise<number> {
	const options = ['--net', '--ipc', '--cgroup', 'bench', '--die-with', String(process.pid), '--'];
	const confine = spawn(join(bin, 'confine'), [...options, 'sh', '-c', 'echo ready; read -r end'], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const ended = once(confine, 'exit');
	await once(confine.stdout, 'data');
	const [, pss] = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${String(confine.pid)}/smaps_rollup`, 'utf8')) ?? [];
	confine.stdin.end('\n');
	await ended;
	return Number(pss);
}
