// SPDX-License-Identifier: GPL-2.0-or-later
/** A list that completes an argument: installed packages, packages with records, packages whose build directory was kept, files, or folders. */
export type CandidateList = 'installed' | 'recorded' | 'kept' | 'file' | 'folder';

/** The completions that a shell offers for an argument: fixed words, or the elements of a list. undefined: it offers none. */
export type Candidates = readonly string[] | CandidateList | undefined;

export interface Option {
	/** The placeholder for the option's value in help texts. An option without a value is a flag. */
	readonly value?: string;
	readonly means: string;
	readonly candidates?: Candidates;
}

/** A command of portcullis. Its method run() imports its modules, so that other commands start faster. */
export interface Command {
	readonly summary: string;
	/** Paragraphs that follow the summary in `--help` and in the man page. */
	readonly details: readonly string[];
	readonly options: Readonly<Record<string, Option>>;
	/** The positional arguments as the usage line shows them. main() checks their number. */
	readonly words: string;
	/** The completions of each positional argument. */
	readonly candidates: readonly Candidates[];
	/** True if only the hook or the script of a shell completion calls this command. `--help` and the completions omit such commands. */
	readonly internal: boolean;
	/** Runs the command and returns its exit status. If it throws an error, main() prints the message and chooses the exit status. */
	readonly run: (input: Input) => number | Promise<number>;
}

export interface Input {
	readonly values: Readonly<Record<string, string>>;
	readonly flags: ReadonlySet<string>;
	/** The positional arguments in front of `--`. */
	readonly words: readonly string[];
	/** The arguments that follow `--`; undefined if there is no `--`. */
	readonly command: readonly string[] | undefined;
}

/** Returns the usage line of a command: `report [--since TIME] [PACKAGE]`. */
export function usage(name: string, command: Command): string {
	const options = Object.entries(command.options).map(([option, { value }]) =>
		value === undefined ? `[--${option}]` : `[--${option} ${value}]`,
	);
	return [name, ...options, command.words].filter(Boolean).join(' ');
}

/** An error in the command line. portcullis prints its message on standard error and exits with 2. */
export class UsageError extends Error {}

/** A refusal to run programs that another user can replace. portcullis prints its message on standard error and exits with 10, like install.sh. */
export class UntrustedError extends Error {}
