import { statSync, type Stats } from 'node:fs';

/** What a file is; undefined where it is not, or is where this user can't look. */
export function stat(file: string): Stats | undefined {
	try {
		return statSync(file);
	} catch {
		return undefined;
	}
}
