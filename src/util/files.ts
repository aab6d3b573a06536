import { readFileSync, statSync, type Stats } from 'node:fs';

/** The text of a file, or undefined if this user cannot read it. */
export function readFile(file: string): string | undefined {
	return orUndefined(() => readFileSync(file, 'utf8'));
}

/** The text of a file without trailing whitespace, for files of /proc and /sys. */
export function readTrimmed(file: string): string | undefined {
	return readFile(file)?.trimEnd();
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

/** An error of a system call in words: "/path: permission denied". Node's own message is "EACCES: permission denied, open '/path'". */
export function errorText({ message }: Error): string {
	const [, words, path] = /^E[A-Z0-9]+: ([^,]+), \w+(?: '(.*)')?$/s.exec(message) ?? [];
	if (words === undefined) return message;
	return path === undefined ? words : `${path}: ${words}`;
}
