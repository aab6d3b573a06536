import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { paths } from './paths.ts';

export interface Installation {
	/** '' on a host, the root folder of a Gentoo Prefix otherwise. */
	readonly eprefix: string;
	readonly confine: string;
}

const installed = '/usr/share/portcullis';

/** The installation that contains this program: a host, a Prefix, or a checkout. */
export function installation(url = import.meta.url): Installation {
	const folder = dirname(fileURLToPath(url));
	if (folder.endsWith(installed)) {
		const eprefix = folder.slice(0, -installed.length);
		return { eprefix, confine: paths(eprefix).confine };
	}
	return { eprefix: '', confine: join(folder, '../native/build/confine') };
}

/** The path of confine for the prefix `eprefix`: that of this installation or checkout, or that of another prefix. */
export function confineFor(eprefix: string): string {
	const own = installation();
	return eprefix === own.eprefix ? own.confine : paths(eprefix).confine;
}
