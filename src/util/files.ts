// SPDX-License-Identifier: GPL-2.0-or-later
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync, type Stats } from 'node:fs';

/** Returns the text of a file, or undefined if this user cannot read it. */
export function readFile(file: string): string | undefined {
	return orUndefined(() => readFileSync(file, 'utf8'));
}

/** Returns the text of a file of /proc or /sys without trailing whitespace, or undefined if this user cannot read it. */
export function readTrimmed(file: string): string | undefined {
	return readFile(file)?.trimEnd();
}

/** Returns the first `size` bytes of a file as characters, or '' if this user cannot read it. */
export function readStart(file: string, size: number): string {
	const fd = orUndefined(() => openSync(file, 'r'));
	if (fd === undefined) return '';
	const buffer = Buffer.alloc(size);
	const read = orUndefined(() => readSync(fd, buffer, 0, size, 0));
	closeSync(fd);
	return buffer.toString('latin1', 0, read ?? 0);
}

/** Calls stat(2), which follows symbolic links. Returns undefined if this user cannot access the file. */
export function stat(file: string): Stats | undefined {
	return orUndefined(() => statSync(file));
}

/** Lists the names in a folder in alphabetical order. Returns [] if this user cannot read the folder, or if it is not a folder. */
export function namesIn(folder: string): string[] {
	return orUndefined(() => readdirSync(folder).sort()) ?? [];
}

export function isFolder(path: string): boolean {
	return stat(path)?.isDirectory() === true;
}

/** Returns the result of a function, or undefined if it throws an error. */
export function orUndefined<Result>(call: () => Result): Result | undefined {
	try {
		return call();
	} catch {
		return undefined;
	}
}

/** Returns the code of a failed system call, such as ENOENT; '' for other errors. */
export function errorCode(error: unknown): string {
	return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Converts the message of a failed system call from "EACCES: permission denied, open '/path'" (Node) to "/path: permission denied". */
export function errorText({ message }: Error): string {
	const [, words, path] = /^E[A-Z0-9]+: ([^,]+), \w+(?: '(.*)')?$/s.exec(message) ?? [];
	if (words === undefined) return message;
	return path === undefined ? words : `${path}: ${words}`;
}
