// SPDX-License-Identifier: GPL-2.0-or-later
import { parseRecord } from '../../src/records/schema.ts';

/** Returns a record of a successful src_test, to which `members` are added or whose members they replace. */
export function makeRecord(members: object): ReturnType<typeof parseRecord> {
	const record = {
		schema: 1,
		time: '2026-11-24T21:50:00.000Z',
		package: 'app-misc/foo-1',
		phase: 'test',
		status: { exit: 0 },
		...members,
	};
	return parseRecord(JSON.stringify(record));
}
