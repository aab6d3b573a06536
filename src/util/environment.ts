/** Variables of a process, or of a package's configuration. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The words of a list such as FEATURES. */
export function words(list: string | undefined): string[] {
	return (list ?? '').split(/[ \t\n]+/).filter(Boolean);
}

/** Parses NAME=VALUE entries. Entries without a name or without `=` are ignored. */
export function assignments(lines: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		lines.flatMap((line) => {
			const equals = line.indexOf('=');
			return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)]] : [];
		}),
	);
}

const plain = /^[A-Za-z0-9_./:=@%+,-]+$/;

/** Quotes any text as one word of bash. */
export function quote(text: string): string {
	return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
