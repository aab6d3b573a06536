// SPDX-License-Identifier: GPL-2.0-or-later
/** The environment variables of a process, or the variables in a package's configuration. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Splits the value of a list variable such as FEATURES into words. */
export function words(list: string | undefined): string[] {
	return (list ?? '').split(/[ \t\n]+/).filter(Boolean);
}

/** Converts NAME=VALUE entries to an object. Ignores entries without a name or without `=`. */
export function assignments(lines: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		lines.flatMap((line) => {
			const equals = line.indexOf('=');
			return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)]] : [];
		}),
	);
}

const plain = /^(?!=)[A-Za-z0-9_./:=@%+,-]+$/;

/** Quotes a text, so that bash reads it as one word, and zsh does not expand a `=` at its beginning. */
export function quote(text: string): string {
	return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
