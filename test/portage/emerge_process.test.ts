import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
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
	test('returns the topmost process of the emerge that runs the phase', () => {
		const emerge = 'python3 -b /usr/lib/python-exec/python3.13/emerge -1 foo';
		expect(
			findEmerge(ancestors('bash ebuild.sh compile', 'bash ebuild.sh compile', emerge, emerge, 'bash', 'sshd'))?.pid,
		).toBe(97);
		expect(findEmerge(ancestors('bash ebuild.sh compile', emerge))?.pid).toBe(99);
	});

	test('ignores an outer emerge that started the emerge of the phase', () => {
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

	test('returns the process of the ebuild command if it runs the phase', () => {
		expect(
			findEmerge(ancestors('bash ebuild.sh compile', '/usr/bin/python3 /usr/bin/ebuild foo-1.ebuild compile', 'zsh'))
				?.pid,
		).toBe(99);
	});

	test('returns undefined if the phase runs in a PID namespace that hides emerge', () => {
		expect(
			findEmerge(ancestors('bash ebuild.sh compile', '/usr/bin/python3 /usr/lib/portage/bin/pid-ns-init 250')),
		).toBeUndefined();
	});
});

test('if the emerge process is not visible, firstTime() returns true once per message and package', () => {
	const portage = mkdtempSync(join(tmpdir(), 'reported-'));
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
