// SPDX-License-Identifier: GPL-2.0-or-later
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { paths } from './paths.ts';

const installed = '/usr/share/portcullis';

/** Finds the installation that contains this program: a host (eprefix is ''), a Gentoo Prefix, or a checkout of the source. */
export function installation(url = import.meta.url) {
	const folder = dirname(fileURLToPath(url));
	if (folder.endsWith(installed)) {
		const eprefix = folder.slice(0, -installed.length);
		const { portcullis, confine } = paths(eprefix);
		return { eprefix, portcullis, confine };
	}
	return {
		eprefix: '',
		portcullis: join(folder, '../bin/portcullis'),
		confine: join(folder, '../native/build/confine'),
	};
}

/** Returns the path of confine for `eprefix`. If this is the prefix of this program, the result may be the confine of the checkout. */
export function confineFor(eprefix: string): string {
	const own = installation();
	return eprefix === own.eprefix ? own.confine : paths(eprefix).confine;
}
