// SPDX-License-Identifier: GPL-2.0-or-later
import { lstatSync, readlinkSync, type Stats } from 'node:fs';

/** Returns each folder, link and file that the kernel visits when it resolves a path, up to the first that does not exist. */
export function components(path: string): [string, Stats][] {
	const visited: [string, Stats][] = [['/', lstatSync('/')]];
	const rest = (path.startsWith('/') ? path : `${process.cwd()}/${path}`).split('/');
	let at = '';
	let links = 0;
	for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
		if (name === '..') at = at.replace(/\/[^/]*$/, '');
		if (['', '.', '..'].includes(name)) continue;
		const next = `${at}/${name}`;
		const stats = lstatSync(next, { throwIfNoEntry: false });
		if (stats === undefined) break;
		visited.push([next, stats]);
		if (!stats.isSymbolicLink()) {
			at = next;
			continue;
		}
		// Follow at most 40 symbolic links, like the kernel, which fails with ELOOP at the next one.
		if (++links > 40) break;
		const target = readlinkSync(next);
		if (target.startsWith('/')) at = '';
		rest.unshift(...target.split('/'));
	}
	return visited;
}

/** True for a folder with the sticky bit, in which users cannot replace files of other users. */
export function isSticky(stats: Stats): boolean {
	return stats.isDirectory() && (stats.mode & 0o1000) !== 0;
}

/** True if a file is at this path, and only root can change or replace it. False if it is missing: in a sticky folder, another user could create it. */
export function isRootControlled(file: string): boolean {
	const visited = components(file);
	return (
		visited.at(-1)?.[1].isFile() === true &&
		visited.every(
			([, stats]) => stats.uid === 0 && ((stats.mode & 0o022) === 0 || isSticky(stats) || stats.isSymbolicLink()),
		)
	);
}
