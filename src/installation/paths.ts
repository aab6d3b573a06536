import { existsSync } from 'node:fs';
import { quote } from '../util/environment.ts';

/** The files that install.sh installs. EPREFIX is '' on a host and has no trailing slash. */
export function paths(eprefix: string) {
	return {
		bashrc: `${eprefix}/etc/portage/bashrc`,
		hook: `${eprefix}/usr/share/portcullis/phase.bash`,
		packageEnv: `${eprefix}/etc/portage/package.env`,
		env: `${eprefix}/etc/portage/env`,
		portcullis: `${eprefix}/usr/bin/portcullis`,
		program: `${eprefix}/usr/share/portcullis/portcullis.js`,
		confine: `${eprefix}/usr/libexec/portcullis/confine`,
		logs: `${eprefix}/var/log/portcullis`,
	} as const;
}

/** The command `portcullis` for messages, so that it can be pasted. PATH may not contain a Prefix, so its command is a path. */
export function shellCommand(eprefix: string): string {
	return eprefix === '' ? 'portcullis' : quote(paths(eprefix).portcullis);
}

/** The last argument of ebuild.sh inside confine. The hook reads it in /proc/self/cmdline, which a build does not change by accident. */
export const marker = 'portcullis-inside';

/** The argument before it, if there are conflicts. Their names follow, each after a "+". */
export const conflictsMarker = 'portcullis-conflicts';

/** The prefix of the hook's files if emerge runs as root. No user of a phase can write to /run. */
export const run = '/run/portcullis';

/** The suffixes of these files (hooks/storage.bash). */
export const storedNames = [
	...['settings', 'allow', 'conflicts'],
	...['inside', 'notice', 'reported', 'conflicts'].map((name) => `0-${name}`),
];

/** The file with the settings of a build, as __portcullis_paths in hooks/storage.bash determines it. */
export function storedSettings(builddir: string, uid = process.geteuid?.()): string {
	const ofRoot = `${run}.${builddir.replaceAll('/', '%')}-settings`;
	return uid === 0 || existsSync(ofRoot) ? ofRoot : `${builddir}/.ipc/portcullis-settings`;
}

/** The lines of Portage's bashrc that source the hook. */
export function block(eprefix: string): string {
	const hook = quote(paths(eprefix).hook);
	return [
		'# >>> portcullis >>> added by portcullis; `install.sh --uninstall` removes it',
		`if [[ -r ${hook} ]]; then source ${hook}; fi`,
		'# <<< portcullis <<<',
		'',
	].join('\n');
}
