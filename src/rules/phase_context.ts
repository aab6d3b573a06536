import { existsSync, realpathSync } from 'node:fs';
import type { PhaseContext } from './decide.ts';
import type { Fakeroot } from './phases.ts';
import type { Configuration } from '../portage/resolve_package.ts';
import { problem, resolve, settingNames, squeeze, type Settings } from './settings.ts';

/** The input of a decision, without the phase. */
export type PackageContext = Omit<PhaseContext, 'phase'>;

/** The context of the package in Portage's configuration, or of any package if it names none. Throws for an invalid setting. */
export function packageContextOf(configuration: Configuration): PackageContext {
	const { features, removed, restrict, properties, variables } = configuration.package ?? {
		...configuration,
		restrict: [],
		properties: [],
	};
	const fakeroot = fakerootFrom(features);
	return { from: 'ebuild', features, removed, restrict, properties, fakeroot, settings: checked(variables) };
}

function checked(variables: Readonly<Record<string, string>>): Settings {
	for (const name of settingNames) {
		const wrong = problem(name, squeeze(variables[name] ?? ''));
		if (wrong !== undefined) throw new Error(`${wrong}. Correct it in make.conf or package.env.`);
	}
	return resolve(variables);
}

/**
 * How src_install would reach fakeroot's daemon if the user `uid` built with these FEATURES (spawn() in Portage's doebuild.py).
 * `program` is FAKEROOT_BINARY of portage/const.py.
 */
export function fakerootFrom(
	features: readonly string[],
	uid = process.geteuid?.(),
	program = '/usr/bin/fakeroot',
): Fakeroot {
	if (!features.includes('fakeroot') || uid === 0 || !existsSync(program)) return '';
	return realpathSync(program).endsWith('-tcp') ? 'tcp' : 'sysv';
}
