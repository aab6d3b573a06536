import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { firstTime, theEmerge } from '../../src/portage/emerge_process.ts';

function line(...commands: string[]) {
	return commands.map((command, index) => ({
		pid: 100 - index,
		parent: 99 - index,
		startTicks: 1,
		cpu: 0,
		argv: command.split(' '),
	}));
}

describe('the emerge that a phase belongs to', () => {
	test('is the topmost of those that emerge forked', () => {
		const emerge = 'python3 -b /usr/lib/python-exec/python3.13/emerge -1 foo';
		expect(
			theEmerge(line('bash ebuild.sh compile', 'bash ebuild.sh compile', emerge, emerge, 'bash', 'sshd'))?.pid,
		).toBe(97);
		expect(theEmerge(line('bash ebuild.sh compile', emerge))?.pid).toBe(99);
	});

	test('is not an emerge that started another', () => {
		expect(
			theEmerge(
				line('bash ebuild.sh compile', 'python3 /usr/bin/emerge -1 inner', 'bash', 'python3 /usr/bin/emerge outer'),
			)?.pid,
		).toBe(99);
	});

	test('is the ebuild command for who uses that', () => {
		expect(
			theEmerge(line('bash ebuild.sh compile', '/usr/bin/python3 /usr/bin/ebuild foo-1.ebuild compile', 'zsh'))?.pid,
		).toBe(99);
	});

	test('is out of sight in a PID namespace', () => {
		expect(
			theEmerge(line('bash ebuild.sh compile', '/usr/bin/python3 /usr/lib/portage/bin/pid-ns-init 250')),
		).toBeUndefined();
	});
});

test('where emerge is out of sight, each package is told once', () => {
	const portage = mkdtempSync(join(tmpdir(), 'told-'));
	try {
		const [one, two] = ['one', 'two'].map((name) => join(portage, 'app-misc', name, '.ipc'));
		for (const state of [one, two]) mkdirSync(state ?? '', { recursive: true });
		expect([firstTime('no namespaces', one ?? ''), firstTime('no namespaces', one ?? '')]).toEqual([true, false]);
		expect(firstTime('another reason', one ?? '')).toBe(true);
		expect(firstTime('no namespaces', two ?? '')).toBe(true);
	} finally {
		rmSync(portage, { recursive: true });
	}
});
