/** A command of the program. `run` loads what it needs: a quick answer must not wait for what it doesn't use. */
export interface Command {
	readonly usage: string;
	readonly summary: string;
	/** Options with a value, and those without. */
	readonly values: readonly string[];
	readonly flags: readonly string[];
	/** Gives the exit status; an error that is not a UsageError is a failure, exit status 1. */
	readonly run: (input: Input) => Promise<number>;
}

export interface Input {
	readonly values: Readonly<Record<string, string>>;
	readonly flags: ReadonlySet<string>;
	/** What is left of the command line, and what came after `--`, if that was there. */
	readonly words: readonly string[];
	readonly command: readonly string[] | undefined;
}

export const commands: Readonly<Record<string, Command>> = {
	collisions: {
		usage:
			'collisions --package CATEGORY/PF --features LIST [--restrict LIST] [--properties LIST] [--setting warn|die|ignore] [--unpack host|confine] [--known LIST] [--state DIR]',
		summary: 'what collides with the sandboxes of a package whose environment this is (for the hook)',
		values: ['package', 'features', 'restrict', 'properties', 'setting', 'unpack', 'known', 'state'],
		flags: [],
		run: async (input) => (await import('./commands/collisions.ts')).run(input),
	},
	explain: {
		usage: 'explain --features LIST [--restrict LIST] [--properties LIST] [--unpack host|confine] [PHASE...]',
		summary: 'what each phase would be confined by, and which rule says so',
		values: ['features', 'restrict', 'properties', 'unpack'],
		flags: [],
		run: async (input) => (await import('./commands/explain.ts')).run(input),
	},
	hook: {
		usage: 'hook [--eprefix DIR] [--block]',
		summary: "print the hook, or the block of lines that makes Portage's bashrc read it",
		values: ['eprefix'],
		flags: ['block'],
		run: async (input) => (await import('./commands/hook.ts')).run(input),
	},
	phase: {
		usage: 'phase -- COMMAND [ARG...]',
		summary: 'run a command as the phase whose environment this is',
		values: [],
		flags: [],
		run: async (input) => (await import('./commands/phase.ts')).run(input),
	},
	tell: {
		usage: 'tell [--refused] FILE',
		summary: 'what the hook says about the record in FILE (for the hook)',
		values: [],
		flags: ['refused'],
		run: async (input) => (await import('./commands/tell.ts')).run(input),
	},
};
