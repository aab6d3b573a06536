import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from '../confine/spawn.ts';
import script from '../../hooks/resolve_package.py' with { type: 'text' };

/** Portage's configuration, and the configuration of a package. */
export interface Configuration {
	readonly version: string;
	readonly python: string;
	readonly modules: string;
	/** PORTAGE_BIN_PATH */
	readonly bin: string;
	readonly eprefix: string;
	readonly configroot: string;
	readonly tmpdir: string;
	readonly features: readonly string[];
	/** The file that removes a word from FEATURES, by word; `*` for FEATURES="-*". */
	readonly removed: Readonly<Record<string, string>>;
	readonly variables: Readonly<Record<string, string>>;
	readonly profile_bashrcs: readonly string[];
	/** The user as which FEATURES=userpriv runs phases of root. */
	readonly userpriv: { readonly uid: number; readonly groups: readonly number[] } | null;
	/** Whether sys-apps/sandbox is installed. Without it Portage disables FEATURES=sandbox. */
	readonly sandbox: boolean;
	readonly package: Resolved | null;
}

export interface Resolved {
	/** CATEGORY/PF */
	readonly cpv: string;
	readonly eapi: string;
	readonly repository: string;
	/** The path of the ebuild; '' for an installed package that no repository has. */
	readonly ebuild: string;
	readonly features: readonly string[];
	readonly removed: Readonly<Record<string, string>>;
	/** RESTRICT and PROPERTIES with the configured USE flags. */
	readonly restrict: readonly string[];
	readonly properties: readonly string[];
	readonly variables: Readonly<Record<string, string>>;
	/** CATEGORY, PF, P, PN, PV, PR, PVR */
	readonly names: Readonly<Record<string, string>>;
	/** PORTAGE_BUILDDIR */
	readonly builddir: string;
}

/** Exit statuses of hooks/resolve_package.py. */
const NO_PORTAGE = 3;
const NO_PACKAGE = 4;

/**
 * Runs hooks/resolve_package.py in Portage's Python, which takes half a second. It returns the variables PORTCULLIS_* and `names`; NAME*
 * stands for all variables with this prefix. Throws an Error with the reason if no interpreter returns a configuration.
 */
export async function resolvePortage(
	eprefix: string,
	atom?: string,
	names: readonly string[] = [],
): Promise<Configuration> {
	const variables = ['PORTCULLIS_*', ...names].join(',');
	const tried: string[] = [];
	for (const python of pythons(eprefix)) {
		const args = ['-I', '-c', script, eprefix, variables, ...(atom === undefined ? [] : [atom])];
		const { stdout, stderr, status, error } = await capture(python, args);
		if (error === undefined) return JSON.parse(stdout) as Configuration;
		const reason = stderr.trim().split('\n').at(-1) ?? '';
		if (status === NO_PACKAGE) throw new Error(reason);
		if (status !== undefined && status !== NO_PORTAGE) {
			throw new Error(`cannot query Portage: ${reason === '' ? `${python} exited with status ${status}` : reason}`);
		}
		tried.push(python);
	}
	throw new Error(
		`there is no Portage for ${tried.join(' or ')}. Add emerge to PATH, or set PORTAGE_PYTHON to its Python`,
	);
}

/**
 * The Python interpreters to try. Those in the #! line of emerge come before python3, because on Gentoo python3 may be a version without
 * Portage.
 */
function pythons(eprefix: string): string[] {
	const own = process.env['PORTAGE_PYTHON'];
	const folders = [`${eprefix}/usr/bin`, ...(process.env['PATH'] ?? '').split(delimiter)];
	const emerges = folders.flatMap((folder) => interpreter(join(folder, 'emerge')));
	return [...new Set([...(own === undefined ? [] : [own]), ...emerges, 'python3'])];
}

/** The interpreter in the #! line of a Python script. (On Gentoo, /usr/bin/emerge may be the program python-exec.) */
function interpreter(file: string): string[] {
	try {
		const found = /^#! ?(\S*python[\d.]*)\s*$/m.exec(readFileSync(file, 'latin1').slice(0, 200).split('\n')[0] ?? '');
		return found?.[1] === undefined ? [] : [found[1]];
	} catch {
		return [];
	}
}
