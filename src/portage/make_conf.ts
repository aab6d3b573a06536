// SPDX-License-Identifier: GPL-2.0-or-later
import { isFolder, namesIn, readFile } from '../util/files.ts';

/**
 * Returns the value of a variable in the environment or in make.conf, which may be a folder of files. This simple parser is for commands
 * that cannot wait half a second for Portage. It ignores `source` and expands no variables.
 */
export function makeConf(eprefix: string, name: string): string | undefined {
	const line = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}=(["']?)([^"'$\\n#]+)\\1`, 'gm');
	const texts = filesOf(`${eprefix}/etc/portage/make.conf`).map((file) => readFile(file) ?? '');
	return process.env[name] ?? [...texts.join('\n').matchAll(line)].at(-1)?.[2]?.trim();
}

/** Returns a line for make.conf that adds words to a list such as FEATURES. The line repeats the old value (`${FEATURES}`), because it would otherwise remove all other words. */
export function addWords(name: string, words: readonly string[]): string {
	return `${name}="\${${name}} ${words.join(' ')}"`;
}

function filesOf(path: string): string[] {
	if (!isFolder(path)) return [path];
	return namesIn(path).flatMap((name) => (name.startsWith('.') ? [] : filesOf(`${path}/${name}`)));
}
