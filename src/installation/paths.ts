// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quote } from '../util/environment.ts';
import { isFolder } from '../util/files.ts';

/** Returns the paths of the files that install.sh installs. `eprefix` is '' on a host and has no trailing slash. */
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

/** Returns the file to write for a path in /etc/portage. If the path is a folder, which Portage reads as well, the file to write is the file `portcullis` in the folder. */
export function targetOf(file: string): string {
	return isFolder(file) ? `${file}/portcullis` : file;
}

/** Returns the command `portcullis` for messages. In a Gentoo Prefix it is a path, because PATH may not contain the Prefix. */
export function shellCommand(eprefix: string): string {
	return eprefix === '' ? 'portcullis' : quote(paths(eprefix).portcullis);
}

/** The last argument of ebuild.sh inside confine. The hook reads it in /proc/self/cmdline, which a build does not change by accident. */
export const marker = 'portcullis-inside';

/** Start of the argument that precedes `marker` if the package has conflicts. The names of the conflicts follow, each after a "+". */
export const conflictsMarker = 'portcullis-conflicts';

/** The start of the paths of the hook's files if emerge runs as root. They are in /run, because the user of a phase cannot write there. */
export const run = '/run/portcullis';

/** The suffixes of the hook's files in /run (hooks/storage.bash). */
export const storedNames = [
	...['settings', 'allow', 'conflicts', 'emerge'],
	...['inside', 'notice', 'reported', 'conflicts'].map((name) => `0-${name}`),
];

/** Returns the lines of Portage's bashrc that source the hook. */
export function block(eprefix: string): string {
	const hook = quote(paths(eprefix).hook);
	return [
		'# >>> portcullis >>> added by portcullis; `install.sh --uninstall` removes it',
		`if [[ -r ${hook} ]]; then source ${hook}; fi`,
		'# <<< portcullis <<<',
		'',
	].join('\n');
}

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

/** Returns the path of confine for `eprefix`. For a program in a checkout of the source, '' stands for the confine of the checkout. */
export function confineFor(eprefix: string): string {
	const own = installation();
	return eprefix === own.eprefix ? own.confine : paths(eprefix).confine;
}

/** Returns the absolute paths of the programs that the hook starts outside the sandbox. renderHook() writes them into the hook. */
export function programs(eprefix: string) {
	const folders = [...new Set([eprefix, ''])].flatMap((root) =>
		['usr/bin', 'bin', 'usr/local/bin'].map((folder) => `${root}/${folder}`),
	);
	const find = (name: string): string =>
		folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file)) ?? `/usr/bin/${name}`;
	return {
		env: find('env'),
		rm: find('rm'),
		unshare: find('unshare'),
		umount: find('umount'),
		python: find('python3'),
		// If a link such as /usr/bin/node names the running Node, use the link, because it stays valid after an update of Node.
		node:
			folders
				.map((folder) => `${folder}/node`)
				.find((file) => existsSync(file) && realpathSync(file) === process.execPath) ?? process.execPath,
	} as const;
}

/** Returns the path of Node in the text of an installed hook. Another Node may run this program. */
export function nodeOf(hook: string): string | undefined {
	return /^\tlocal .* node=(\/\S*) /m.exec(hook)?.[1];
}
