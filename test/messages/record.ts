// SPDX-License-Identifier: GPL-2.0-or-later
import { parseRecord } from '../../src/records/schema.ts';

/** A record of a successful src_test, with these members in addition or instead. */
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
