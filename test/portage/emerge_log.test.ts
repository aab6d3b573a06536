// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lastEmerge, parseEmergeLog } from '../../src/portage/emerge_log.ts';

const log = (...lines: string[]) =>
	parseEmergeLog(lines.map((line, at) => `${1_764_000_000 + at}: ${line}\n`).join(''));

test('parseEmergeLog() returns the packages and the start of the last emerge that builds a package', () => {
	expect(
		log(
			'Started emerge on: Nov 24, 2025 16:00:00',
			' >>> emerge (1 of 1) app-misc/old-1 to /',
			'Started emerge on: Nov 24, 2025 16:00:02',
			' >>> emerge (1 of 2) app-misc/one-1 to /',
			' === (1 of 2) Compiling/Merging (app-misc/one-1::/one-1.ebuild)',
			' >>> emerge (2 of 2) app-misc/two-2.1-r3 to /',
			' *** terminating.',
			'Started emerge on: Nov 24, 2025 16:00:07',
			' *** emerge --sync',
		),
	).toEqual({ since: '2025-11-24T16:00:01.000Z', packages: new Set(['app-misc/one-1', 'app-misc/two-2.1-r3']) });
});

test('parseEmergeLog() returns undefined for a log without a build, and ignores invalid package names', () => {
	expect(log()).toBeUndefined();
	expect(log('Started emerge on: Nov 24, 2025', ' >>> emerge (1 of 1) \u001b[31m/x to /')).toBeUndefined();
});

test('lastEmerge() fails if emerge.log is a FIFO, and does not wait for a writer', () => {
	const root = mkdtempSync(join(tmpdir(), 'emerge-log-'));
	mkdirSync(join(root, 'var/log'), { recursive: true });
	execFileSync('mkfifo', [join(root, 'var/log/emerge.log')]);
	expect(() => lastEmerge(root)).toThrow('is not a regular file');
	rmSync(root, { recursive: true });
});
