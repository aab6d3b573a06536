import { existsSync } from 'node:fs';
import { quote } from '../util/environment.ts';

/** Where install.sh puts things; EPREFIX is '' on a host, and has no slash at its end. */
export function paths(eprefix: string) {
	return {
		bashrc: `${eprefix}/etc/portage/bashrc`,
		hook: `${eprefix}/etc/portage/portcullis/phase.bash`,
		packageEnv: `${eprefix}/etc/portage/package.env`,
		env: `${eprefix}/etc/portage/env`,
		portcullis: `${eprefix}/usr/bin/portcullis`,
		program: `${eprefix}/usr/lib/portcullis/portcullis.js`,
		confine: `${eprefix}/usr/libexec/portcullis/confine`,
		logs: `${eprefix}/var/log/portcullis`,
	} as const;
}

/** The last argument of an inner ebuild.sh. It's read back from /proc/self/cmdline, where no build can put it by accident. */
export const marker = 'portcullis-inside';

/** The argument before it, where something collides: the names of the rows, each with a + in front. */
export const here = 'portcullis-here';

/** In root's emerge the hook keeps its files in /run, where no user of a phase can write. */
export const run = '/run/portcullis';

/** What the names of the files there end in (hooks/keep.bash). */
export const keptNames = [
	...['settings', 'allow', 'conflicts'],
	...['inside', 'tell', 'told', 'conflicts'].map((name) => `0-${name}`),
];

/** Where setup keeps the settings of a build: as __portcullis_places in hooks/keep.bash. */
export function keptSettings(builddir: string, uid = process.geteuid?.()): string {
	const ofRoot = `${run}.${builddir.replaceAll('/', '%')}-settings`;
	return uid === 0 || existsSync(ofRoot) ? ofRoot : `${builddir}/.ipc/portcullis-settings`;
}

/** The lines that make Portage's bashrc source the hook. */
export function block(eprefix: string): string {
	const hook = quote(paths(eprefix).hook);
	return [
		'# >>> portcullis >>> put here by portcullis; `install.sh --uninstall` removes it',
		`if [[ -r ${hook} ]]; then source ${hook}; fi`,
		'# <<< portcullis <<<',
		'',
	].join('\n');
}
