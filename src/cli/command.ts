/** Names that `portcullis candidates` lists: installed packages, packages with records, and builds whose directory was kept. */
export const listed = ['installed', 'recorded', 'kept'] as const;
export type Listed = (typeof listed)[number];

/** Completions of an argument: fixed words, or a kind of name. */
export type Candidates = readonly string[] | Listed | 'file' | 'folder' | 'command' | undefined;

export interface Option {
	/** The placeholder of the value in help texts. An option without a value is a flag. */
	readonly value?: string;
	readonly means: string;
	readonly candidates?: Candidates;
}

/** A command of portcullis. `run` imports the modules of the command, so that other commands start faster. */
export interface Command {
	readonly summary: string;
	/** Paragraphs that follow the summary in `--help` and in the man page. */
	readonly details: readonly string[];
	readonly options: Readonly<Record<string, Option>>;
	/** The positional arguments in the usage line, and the completions of each. */
	readonly words: string;
	readonly candidates: readonly Candidates[];
	/** Whether only the hook uses the command. `--help` and the completions omit it. */
	readonly internal?: boolean;
	/** Returns the exit status. A UsageError causes exit status 2, any other error 1. */
	readonly run: (input: Input) => number | Promise<number>;
}

/** A parsed command line. */
export interface Input {
	readonly values: Readonly<Record<string, string>>;
	readonly flags: ReadonlySet<string>;
	/** The positional arguments before `--`. */
	readonly words: readonly string[];
	/** The arguments after `--`; undefined without `--`. */
	readonly command: readonly string[] | undefined;
}

/** The usage of a command: `report [--since TIME] [PACKAGE]`. */
export function usage(name: string, command: Command): string {
	const options = Object.entries(command.options).map(([option, { value }]) =>
		value === undefined ? `[--${option}]` : `[--${option} ${value}]`,
	);
	return [name, ...options, command.words].filter(Boolean).join(' ');
}
