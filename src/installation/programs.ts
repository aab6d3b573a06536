import { existsSync, realpathSync } from 'node:fs';

/** Absolute paths of the programs that the hook starts outside the sandbox. They are fixed when the hook is generated. */
export function programs(eprefix: string) {
	const folders = [...new Set([eprefix, ''])].flatMap((root) =>
		['usr/bin', 'bin', 'usr/local/bin'].map((folder) => `${root}/${folder}`),
	);
	const find = (name: string): string =>
		folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file)) ?? `/usr/bin/${name}`;
	return {
		env: find('env'),
		rm: find('rm'),
		python: find('python3'),
		// The running Node, by a path that stays valid after an update if there is one.
		node:
			folders
				.map((folder) => `${folder}/node`)
				.find((file) => existsSync(file) && realpathSync(file) === process.execPath) ?? process.execPath,
	} as const;
}

/** The path of Node in an installed hook, which another Node may have generated. */
export function nodeOf(hook: string): string | undefined {
	return /^\tlocal .* node=(\/\S*) /m.exec(hook)?.[1];
}
