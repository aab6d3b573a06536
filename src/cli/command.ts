/** What can stand in a place of the command line, for the completions: fixed words, or what only the shell can list. */
export type Candidates = readonly string[] | 'package' | 'file' | 'folder' | 'command' | undefined;

export interface Option {
	/** What the value is called; an option without one is a flag. */
	readonly value?: string;
	readonly means: string;
	readonly candidates?: Candidates;
}

/** A command of the program. `run` loads what it needs: a quick answer must not wait for what it doesn't use. */
export interface Command {
	readonly summary: string;
	/** What `--help` and the man page say beyond the summary, a paragraph each. */
	readonly details: readonly string[];
	readonly options: Readonly<Record<string, Option>>;
	/** What stands behind the options in the usage line, and what each place can hold. */
	readonly words: string;
	readonly candidates: readonly Candidates[];
	/** Of the hook, not of a person: not listed by `--help`, nor completed. */
	readonly internal?: boolean;
	/** Gives the exit status; an error that is not a UsageError is a failure, exit status 1. */
	readonly run: (input: Input) => number | Promise<number>;
}

export interface Input {
	readonly values: Readonly<Record<string, string>>;
	readonly flags: ReadonlySet<string>;
	/** What is left of the command line, and what came after `--`, if that was there. */
	readonly words: readonly string[];
	readonly command: readonly string[] | undefined;
}

/** `report [--since TIME] [PACKAGE]` */
export function usage(name: string, command: Command): string {
	const options = Object.entries(command.options).map(([option, { value }]) =>
		value === undefined ? `[--${option}]` : `[--${option} ${value}]`,
	);
	return [name, ...options, command.words].filter(Boolean).join(' ');
}
