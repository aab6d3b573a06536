export type Environment = Readonly<Record<string, string | undefined>>;

/** CATEGORY/PF */
export function packageOf(environment: Environment): string {
	return `${environment['CATEGORY'] ?? ''}/${environment['PF'] ?? ''}`;
}

export function words(list: string | undefined): string[] {
	return (list ?? '').split(/[ \t\n]+/).filter(Boolean);
}

export function assignments(lines: readonly string[]): Record<string, string> {
	return Object.fromEntries(
		lines.flatMap((line) => {
			const equals = line.indexOf('=');
			return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)]] : [];
		}),
	);
}
