import { readFileSync, statSync, type Stats } from 'node:fs';

/** The text of a file, or undefined if this user cannot read it. */
export function readFile(file: string): string | undefined {
	return orUndefined(() => readFileSync(file, 'utf8'));
}

/** The status of a file, following symbolic links, or undefined if this user cannot access it. */
export function stat(file: string): Stats | undefined {
	return orUndefined(() => statSync(file));
}

function orUndefined<Result>(call: () => Result): Result | undefined {
	try {
		return call();
	} catch {
		return undefined;
	}
}
