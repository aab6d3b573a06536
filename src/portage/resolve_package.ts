// SPDX-License-Identifier: GPL-2.0-or-later
import { delimiter, join } from 'node:path';
import { capture } from '../confine/spawn.ts';
import { shmFolders } from '../rules/phases.ts';
import { readStart } from '../util/files.ts';
import script from '../../hooks/resolve_package.py' with { type: 'text' };

/** Values from the environment, make.conf, the profile and, for a package, package.env. */
interface Evaluated {
	readonly features: readonly string[];
	/** For each word that a file removes from FEATURES, the path of this file. The key `*` stands for FEATURES="-*". */
	readonly removed: Readonly<Record<string, string>>;
	readonly variables: Readonly<Record<string, string>>;
	/** The folders that a phase uses, by the variable that contains the path. `shmFolders` lists the variables. */
	readonly folders: Readonly<Record<string, string>>;
	/** The variables whose folders lie in /dev/shm, so that phases keep the /dev/shm of the host. */
	readonly in_shm: readonly string[];
}

export interface Configuration extends Evaluated {
	readonly version: string;
	readonly python: string;
	readonly modules: string;
	/** PORTAGE_BIN_PATH: the folder that contains ebuild.sh. */
	readonly bin: string;
	readonly configroot: string;
	readonly profile_bashrcs: readonly string[];
	/** The user who runs the phases if root runs emerge with FEATURES=userpriv; null if root itself runs the phases. */
	readonly userpriv: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | null;
	/** True if sys-apps/sandbox is installed. Otherwise Portage disables FEATURES=sandbox. */
	readonly sandbox: boolean;
	readonly package: Resolved | null;
}

export interface Resolved extends Evaluated {
	/** The package as CATEGORY/PF. */
	readonly cpv: string;
	readonly eapi: string;
	readonly repository: string;
	/** The path of the ebuild; '' if the package is installed and no repository contains its ebuild. */
	readonly ebuild: string;
	/** The words of RESTRICT and PROPERTIES that apply with the configured USE flags. */
	readonly restrict: readonly string[];
	readonly properties: readonly string[];
	/** The values of CATEGORY, PF, P, PN, PV, PR and PVR (PMS 11.1). */
	readonly names: Readonly<Record<string, string>>;
	/** PORTAGE_BUILDDIR: the build directory PORTAGE_TMPDIR/portage/CATEGORY/PF. */
	readonly builddir: string;
}

/** Exit statuses of hooks/resolve_package.py: this Python cannot import portage, or Portage does not have the package. */
const NO_PORTAGE = 3;
const NO_PACKAGE = 4;

/**
 * Runs hooks/resolve_package.py in Portage's Python, which takes half a second. The result contains the variables PORTCULLIS_* and those
 * in `names`, where NAME* means all variables with this prefix. Throws an Error with the reason if no interpreter returns a configuration.
 */
export async function resolvePortage(
	eprefix: string,
	atom?: string,
	names: readonly string[] = [],
): Promise<Configuration> {
	const variables = ['PORTCULLIS_*', ...names].join(',');
	const args = [eprefix, variables, Object.keys(shmFolders).join(','), ...(atom === undefined ? [] : [atom])];
	const tried: string[] = [];
	for (const python of pythons(eprefix)) {
		const { stdout, stderr, status, error } = await capture(python, ['-I', '-c', script, ...args]);
		if (error === undefined) return JSON.parse(stdout) as Configuration;
		const reason = stderr.trim().split('\n').at(-1) ?? '';
		if (status === NO_PACKAGE) throw new Error(reason);
		if (status !== undefined && status !== NO_PORTAGE) {
			throw new Error(`cannot query Portage: ${reason === '' ? `${python} exited with status ${status}` : reason}`);
		}
		tried.push(python);
	}
	throw new Error(
		`Portage is not installed for ${tried.join(' or ')}. Add the folder of emerge to PATH, or set PORTAGE_PYTHON to the Python of Portage`,
	);
}

/**
 * Lists the Python interpreters to try. Those in the #! line of emerge come before python3, because Portage may not be installed for the
 * version that python3 starts on Gentoo.
 */
function pythons(eprefix: string): string[] {
	const own = process.env['PORTAGE_PYTHON'];
	const folders = [`${eprefix}/usr/bin`, ...(process.env['PATH'] ?? '').split(delimiter)];
	const emerges = folders.flatMap((folder) => interpreter(join(folder, 'emerge')));
	return [...new Set([...(own === undefined ? [] : [own]), ...emerges, 'python3'])];
}

/** Returns the Python interpreter in the #! line of a file; [] if there is none, as in /usr/bin/emerge of Gentoo if it is the binary python-exec. */
export function interpreter(file: string): string[] {
	const [line = ''] = readStart(file, 200).split('\n');
	return /^#! ?(\/\S*python[\d.]*)\s*$/.exec(line)?.slice(1) ?? [];
}
