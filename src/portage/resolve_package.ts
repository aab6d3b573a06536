import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from '../confine/spawn.ts';
import script from '../../hooks/resolve_package.py' with { type: 'text' };
import { settingNames } from '../rules/settings.ts';

/** What Portage makes of its configuration, and of a package that was asked for. */
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
	readonly variables: Readonly<Record<string, string>>;
	readonly profile_bashrcs: readonly string[];
	/** Whether sys-apps/sandbox is there; without it Portage takes FEATURES=sandbox back. */
	readonly sandbox: boolean;
	readonly package: Resolved | null;
}

export interface Resolved {
	/** CATEGORY/PF */
	readonly cpv: string;
	readonly eapi: string;
	readonly repository: string;
	readonly features: readonly string[];
	/** For the USE flags as they are configured. */
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

/** Asks Portage, with hooks/resolve_package.py: half a second. An error says why there is no answer. */
export async function resolvePortage(
	eprefix: string,
	atom?: string,
	names: readonly string[] = [],
): Promise<Configuration> {
	const wanted = [...settingNames, ...names].join(',');
	const tried: string[] = [];
	for (const python of pythons(eprefix)) {
		const args = ['-I', '-c', script, eprefix, wanted, ...(atom === undefined ? [] : [atom])];
		const { stdout, stderr, status, error } = await capture(python, args);
		if (error === undefined) return JSON.parse(stdout) as Configuration;
		const why = stderr.trim().split('\n').at(-1) ?? '';
		if (status === NO_PACKAGE) throw new Error(why);
		if (status !== undefined && status !== NO_PORTAGE) {
			throw new Error(`Portage can't be asked: ${why === '' ? `${python} ended with ${status}` : why}`);
		}
		tried.push(python);
	}
	throw new Error(
		`there is no Portage for ${tried.join(' or ')}: put emerge into PATH, or set PORTAGE_PYTHON to its Python`,
	);
}

/** Of Portage's Pythons first: on Gentoo it need not be installed for the one that python3 is. */
function pythons(eprefix: string): string[] {
	const own = process.env['PORTAGE_PYTHON'];
	const folders = [`${eprefix}/usr/bin`, ...(process.env['PATH'] ?? '').split(delimiter)];
	const emerges = folders.flatMap((folder) => interpreter(join(folder, 'emerge')));
	return [...new Set([...(own === undefined ? [] : [own]), ...emerges, 'python3'])];
}

/** What stands behind #! in a Python script. (On Gentoo /usr/bin/emerge is python-exec's, a program or a script.) */
function interpreter(file: string): string[] {
	try {
		const found = /^#! ?(\S*python[\d.]*)\s*$/m.exec(readFileSync(file, 'latin1').slice(0, 200).split('\n')[0] ?? '');
		return found?.[1] === undefined ? [] : [found[1]];
	} catch {
		return [];
	}
}
