// SPDX-License-Identifier: GPL-2.0-or-later
import { expect, test } from 'vitest';
import { unavailableCause } from '../../src/doctor/unavailable_cause.ts';

test('unavailableCause() distinguishes a chroot from qemu-user by the errno of unshare(CLONE_NEWUSER)', () => {
	const cause = (error: string, call = 'unshare(CLONE_NEWUSER)') => {
		const failure = {
			mode: 'none',
			error: `${call}: ${error}`,
			read: () => undefined,
			setuidHelps: false,
		};
		return unavailableCause(failure, 'net');
	};
	// The record of confine under qemu-user has these errors (test/confine/degrade.bats).
	expect(cause('Invalid argument')).toMatchObject({
		id: 'emulator',
		fix: expect.stringContaining('virtual machine') as string,
	});
	expect(cause('Invalid argument', 'prctl(PR_SET_CHILD_SUBREAPER)').id).toBe('emulator');
	expect(cause('Operation not permitted', 'mknod in a user namespace')).toMatchObject({ id: 'mknod', command: '' });
	expect(cause('Operation not permitted').id).toBe('chroot');
	expect(cause('No space left on device').id).toBe('unknown');
});
