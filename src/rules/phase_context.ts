import { existsSync, readFileSync, realpathSync } from 'node:fs';
import type { PhaseContext } from './decide.ts';
import { assignments, packageOf, words, type Environment } from '../util/environment.ts';
import { keptSettings } from '../installation/paths.ts';
import type { Fakeroot } from './phases.ts';
import { problem, resolve, settingNames, squeeze, type Settings } from './settings.ts';

/**
 * What a phase's environment says, read as the hook reads it: Portage's own, filtered copies of the lists first, and the
 * settings from where they can be trusted. A bad setting is an error that names package, variable, value and choices.
 */
export async function phaseContextOf(environment: Environment): Promise<PhaseContext> {
	const features = words(environment['PORTAGE_FEATURES'] ?? environment['FEATURES']);
	return {
		phase: environment['EBUILD_PHASE'] ?? '',
		from: environment['EMERGE_FROM'] ?? 'ebuild',
		features,
		restrict: words(environment['PORTAGE_RESTRICT'] ?? environment['RESTRICT']),
		properties: words(environment['PORTAGE_PROPERTIES'] ?? environment['PROPERTIES']),
		settings: checked(await settingsOf(environment), packageOf(environment)),
		fakeroot: fakerootOf(environment),
	};
}

/**
 * Debian's library says in its name what it was built for. Gentoo's does not, but the queue that the key names is there or not.
 * `fakeroot emerge` leaves the phases alone with the library: Portage filters FAKEROOTKEY out (environ_filter in
 * special_env_vars.py), FEATURES=fakeroot sets it behind that.
 */
function fakerootOf({ FAKEROOTKEY: key = '', LD_PRELOAD: preloaded = '' }: Environment): Fakeroot {
	if (!preloaded.includes('libfakeroot')) return '';
	if (key === '') return 'alone';
	if (preloaded.includes('libfakeroot-tcp')) return 'tcp';
	if (preloaded.includes('libfakeroot-sysv')) return 'sysv';
	return queues().includes(key) ? 'sysv' : 'tcp';
}

/**
 * What src_install would run under if this user built with these FEATURES (spawn() in Portage's doebuild.py). The program is
 * FAKEROOT_BINARY of portage/const.py.
 */
export function fakerootFrom(
	features: readonly string[],
	uid = process.geteuid?.(),
	program = '/usr/bin/fakeroot',
): Fakeroot {
	if (!features.includes('fakeroot') || uid === 0 || !existsSync(program)) return '';
	return realpathSync(program).endsWith('-tcp') ? 'tcp' : 'sysv';
}

function queues(): string[] {
	const file = '/proc/sysvipc/msg';
	return existsSync(file)
		? readFileSync(file, 'utf8')
				.split('\n')
				.map((line) => words(line)[0] ?? '')
		: [];
}

/**
 * make.conf and package.env reach the environment only in setup and where no saved environment is loaded
 * (config.environ() in Portage's config.py). Everywhere else a variable of that name is what some build has saved.
 */
async function settingsOf(environment: Environment): Promise<Environment> {
	if (environment['EBUILD_PHASE'] === 'setup' || !existsSync(`${environment['T'] ?? ''}/environment`)) {
		return environment;
	}
	const features = words(environment['PORTAGE_FEATURES'] ?? environment['FEATURES']);
	// Then nothing runs setup before a phase, and an old environment is kept: nobody has looked at make.conf since.
	if (features.includes('noauto') && features.includes('keeptemp')) {
		const { askPortage } = await import('../portage/current_settings.ts');
		const answer = await askPortage(environment);
		if (answer !== undefined) return answer;
	}
	const builddir = environment['PORTAGE_BUILDDIR'] ?? '';
	return kept(keptSettings(builddir), builddir);
}

/** The build's folder in the first line, then NAME=VALUE lines, as the hook wrote them in an earlier phase of this package. */
function kept(file: string, builddir: string): Environment {
	if (!existsSync(file)) return {};
	const [first, ...lines] = readFileSync(file, 'utf8').split('\n');
	if (first !== builddir) throw new Error(`${file} was changed by something else than Portcullis`);
	return assignments(lines);
}

/** The environment that a command is about: its own, or with --stdin the one that the hook hands over as data. */
export function environmentOf(flags: ReadonlySet<string>): Environment {
	return flags.has('stdin') ? assignments(readFileSync(0, 'utf8').split('\0')) : process.env;
}

function checked(values: Environment, cpv: string): Settings {
	for (const name of settingNames) {
		const wrong = problem(name, squeeze(values[name] ?? ''));
		if (wrong !== undefined) throw new Error(`${cpv}: ${wrong}. Correct it in make.conf or package.env.`);
	}
	return resolve(values);
}
