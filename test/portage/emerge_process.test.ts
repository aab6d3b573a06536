// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { storedFile } from '../../src/installation/paths.ts';
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
	test('findEmerge() returns the topmost process if several processes of the same emerge are ancestors of the phase', () => {
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

test('if emerge is not visible to the phase and the hook has stored the PID of emerge, firstTime() returns true once per message and run of emerge', () => {
	const root = mkdtempSync(join(tmpdir(), 'reported-'));
	const run = (name: string, emerge: string) => {
		const builddir = join(root, 'app-misc', name);
		mkdirSync(join(builddir, '.ipc'), { recursive: true });
		writeFileSync(storedFile(builddir, 'emerge'), `${builddir}\n${emerge}\n`);
		return firstTime(join(builddir, '.ipc'), root)(`no namespaces ${root}`);
	};
	try {
		expect([run('one', '7-1'), run('two', '7-1'), run('one', '8-1'), run('two', '8-1')]).toEqual([
			true,
			false,
			true,
			false,
		]);
	} finally {
		rmSync(root, { recursive: true });
		const prefix = `portcullis.${root.replaceAll('/', '%')}`;
		for (const name of readdirSync('/run').filter((one) => one.startsWith(prefix))) {
			rmSync(join('/run', name));
		}
	}
});

test('if emerge is not visible to the phase and the hook has not stored the PID of emerge, firstTime() returns true once per message and package', () => {
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
