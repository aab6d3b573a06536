import { existsSync, realpathSync } from 'node:fs';

/** The programs that the hook starts outside the sandbox, by absolute paths that are fixed when the hook is written. */
export function programs(eprefix: string) {
	const folders = [...new Set([eprefix, ''])].flatMap((root) =>
		['usr/bin', 'bin', 'usr/local/bin'].map((one) => `${root}/${one}`),
	);
	const find = (name: string): string =>
		folders.map((folder) => `${folder}/${name}`).find((file) => existsSync(file)) ?? `/usr/bin/${name}`;
	return {
		env: find('env'),
		rm: find('rm'),
		python: find('python3'),
		// The Node that this runs in, by a name that an update of Node keeps.
		node:
			folders
				.map((folder) => `${folder}/node`)
				.find((file) => existsSync(file) && realpathSync(file) === process.execPath) ?? process.execPath,
	} as const;
}

/** The path of Node in a hook that was written before, possibly by another Node. */
export function nodeOf(hook: string): string | undefined {
	return /^\tlocal .* node=(\/\S*) /m.exec(hook)?.[1];
}
