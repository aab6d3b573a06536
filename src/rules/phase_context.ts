// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync, realpathSync } from 'node:fs';
import type { PhaseContext } from './decide.ts';
import type { Fakeroot } from './phases.ts';
import type { Configuration } from '../portage/resolve_package.ts';
import { words, type Environment } from '../util/environment.ts';
import { problem, resolve, settingNames, squeeze, type Settings } from './settings.ts';

/** The settings and variables of a package from which decide() determines the sandboxes of each phase. */
export type PackageContext = Omit<PhaseContext, 'phase'>;

/** Returns the context of a package with these values of FEATURES, RESTRICT, PROPERTIES and PORTCULLIS_*. Replaces invalid settings by defaults. */
export function packageContextFrom(variables: Environment): PackageContext {
	const features = words(variables['FEATURES']);
	return {
		from: 'ebuild',
		features,
		fakeroot: fakerootFrom(features),
		restrict: words(variables['RESTRICT']),
		properties: words(variables['PROPERTIES']),
		settings: resolve(variables),
	};
}

/** Returns the context of the package in `configuration` or, if it has none, of any package. Throws an Error for an invalid setting. */
export function packageContextOf(configuration: Configuration): PackageContext {
	const { features, removed, variables, in_shm: inShm, folders } = configuration.package ?? configuration;
	const { restrict, properties } = configuration.package ?? { restrict: [], properties: [] };
	const fakeroot = fakerootFrom(features);
	const uses = Object.values(folders);
	const settings = checked(variables);
	return { from: 'ebuild', features, removed, restrict, properties, inShm, uses, fakeroot, settings };
}

function checked(variables: Readonly<Record<string, string>>): Settings {
	for (const name of settingNames) {
		const wrong = problem(name, squeeze(variables[name] ?? ''));
		if (wrong !== undefined) throw new Error(`${wrong}. Correct it in make.conf or /etc/portage/env.`);
	}
	return resolve(variables);
}

/**
 * Returns how src_install would reach the daemon of fakeroot if the user `uid` built a package with these FEATURES (spawn() in Portage's
 * doebuild.py). `program` is the path of fakeroot, FAKEROOT_BINARY of portage/const.py.
 */
export function fakerootFrom(
	features: readonly string[],
	uid = process.geteuid?.(),
	program = '/usr/bin/fakeroot',
): Fakeroot {
	if (!features.includes('fakeroot') || uid === 0 || !existsSync(program)) return '';
	return realpathSync(program).endsWith('-tcp') ? 'tcp' : 'sysv';
}
