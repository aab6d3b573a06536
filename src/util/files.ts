// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync, statSync, type Stats } from 'node:fs';

/** Returns the text of a file, or undefined if this user cannot read it. */
export function readFile(file: string): string | undefined {
	return orUndefined(() => readFileSync(file, 'utf8'));
}

/** Returns the text of a file of /proc or /sys without trailing whitespace, or undefined if this user cannot read it. */
export function readTrimmed(file: string): string | undefined {
	return readFile(file)?.trimEnd();
}

/** Calls stat(2), which follows symbolic links. Returns undefined if this user cannot access the file. */
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

/** Converts the message of a failed system call from "EACCES: permission denied, open '/path'" (Node) to "/path: permission denied". */
export function errorText({ message }: Error): string {
	const [, words, path] = /^E[A-Z0-9]+: ([^,]+), \w+(?: '(.*)')?$/s.exec(message) ?? [];
	if (words === undefined) return message;
	return path === undefined ? words : `${path}: ${words}`;
}
