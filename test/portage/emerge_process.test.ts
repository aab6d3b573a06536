// SPDX-License-Identifier: GPL-2.0-or-later
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { firstTime, findEmerge } from '../../src/portage/emerge_process.ts';

function ancestors(...commands: string[]) {
	return commands.map((command, index) => ({
		pid: 100 - index,
		parent: 99 - index,
		startTicks: 1,
		cpu: 0,
		argv: command.split(' '),
	}));
}

describe('findEmerge()', () => {
	test('findEmerge() returns the topmost process of the emerge that runs the phase', () => {
		const emerge = 'python3 -b /usr/lib/python-exec/python3.13/emerge -1 foo';
		expect(
			findEmerge(ancestors('bash ebuild.sh compile', 'bash ebuild.sh compile', emerge, emerge, 'bash', 'sshd'))?.pid,
		).toBe(97);
		expect(findEmerge(ancestors('bash ebuild.sh compile', emerge))?.pid).toBe(99);
	});

	test('findEmerge() ignores an outer emerge that started the emerge of the phase', () => {
		expect(
			findEmerge(
				ancestors(
					'bash ebuild.sh compile',
					'python3 /usr/bin/emerge -1 inner',
					'bash',
					'python3 /usr/bin/emerge outer',
				),
			)?.pid,
		).toBe(99);
	});

	test('findEmerge() returns the process of the ebuild command if that command runs the phase', () => {
		expect(
			findEmerge(ancestors('bash ebuild.sh compile', '/usr/bin/python3 /usr/bin/ebuild foo-1.ebuild compile', 'zsh'))
				?.pid,
		).toBe(99);
	});

	test('findEmerge() returns undefined if the phase runs in a PID namespace that hides emerge', () => {
		expect(
			findEmerge(ancestors('bash ebuild.sh compile', '/usr/bin/python3 /usr/lib/portage/bin/pid-ns-init 250')),
		).toBeUndefined();
	});
});

test('if emerge is not visible, firstTime() returns true once per message and start of emerge in emerge.log', () => {
	const root = mkdtempSync(join(tmpdir(), 'reported-'));
	try {
		const state = (name: string) => join(root, 'app-misc', name, '.ipc');
		for (const folder of [state('one'), state('two'), join(root, 'var/log')]) mkdirSync(folder, { recursive: true });
		const start = (time: number) => {
			const lines = [`${time}: Started emerge on: now`, `${time}:  >>> emerge (1 of 2) app-misc/one-1 to /`];
			appendFileSync(join(root, 'var/log/emerge.log'), `${lines.join('\n')}\n`);
		};
		const message = `no namespaces ${root}`;
		start(1_795_000_000);
		expect(['one', 'two'].map((name) => firstTime(state(name), root)(message))).toEqual([true, false]);
		start(1_795_000_100);
		expect(['one', 'two'].map((name) => firstTime(state(name), root)(message))).toEqual([true, false]);
	} finally {
		rmSync(root, { recursive: true });
		const prefix = `portcullis.${root.replaceAll('/', '%')}.`;
		for (const name of readdirSync('/run').filter((one) => one.startsWith(prefix))) {
			rmSync(join('/run', name));
		}
	}
});

test('if neither emerge nor its log is visible, firstTime() returns true once per message and package', () => {
	const portage = mkdtempSync(join(tmpdir(), 'reported-'));
	try {
		const [one, two] = ['one', 'two'].map((name) => join(portage, 'app-misc', name, '.ipc'));
		for (const state of [one, two]) mkdirSync(state ?? '', { recursive: true });
		expect([firstTime(one ?? '', portage)('no namespaces'), firstTime(one ?? '', portage)('no namespaces')]).toEqual([
			true,
			false,
		]);
		expect(firstTime(one ?? '', portage)('another reason')).toBe(true);
		expect(firstTime(two ?? '', portage)('no namespaces')).toBe(true);
	} finally {
		rmSync(portage, { recursive: true });
	}
});
