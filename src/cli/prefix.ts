// SPDX-License-Identifier: GPL-2.0-or-later
import { statSync } from 'node:fs';
import { installation } from '../installation/locate.ts';
import { quote } from '../util/environment.ts';
import type { Input } from './command.ts';

/**
 * Returns the Gentoo Prefix of the option --eprefix, by default that of this program. Throws an Error if this program runs as root and the
 * Prefix belongs to another user, because that user could replace the programs in it that portcullis starts.
 */
export function prefixOf(values: Input['values']): string {
	const eprefix = values['eprefix'];
	if (eprefix === undefined) return installation().eprefix;
	const owner = process.geteuid?.() === 0 ? statSync(eprefix || '/', { throwIfNoEntry: false }) : undefined;
	if (owner === undefined || owner.uid === 0) return eprefix;
	const words = process.argv.slice(2).map(quote).join(' ');
	throw new Error(
		`${eprefix} belongs to user ${owner.uid}, so root runs no program in it. To run this command as that user, run: setpriv --reuid=${owner.uid} --regid=${owner.gid} --clear-groups portcullis ${words}`,
	);
}
