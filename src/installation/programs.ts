// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync, realpathSync } from 'node:fs';

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
		// Use a path of the running Node that stays valid after an update of Node, if there is one.
		node:
			folders
				.map((folder) => `${folder}/node`)
				.find((file) => existsSync(file) && realpathSync(file) === process.execPath) ?? process.execPath,
	} as const;
}

/** Returns the path of Node in the text of an installed hook. It may differ from the Node that runs this program. */
export function nodeOf(hook: string): string | undefined {
	return /^\tlocal .* node=(\/\S*) /m.exec(hook)?.[1];
}
