/** good: works. bad: asked for, and doesn't work. odd: works, and should be known. idle: doesn't work, and nobody asks. */
export type State = 'ok' | 'error' | 'warning' | 'inactive';

export interface Finding {
	readonly id: string;
	readonly state: State;
	/** What it is about, in a few words. */
	readonly title: string;
	/** What was found, and what that means for a build. */
	readonly means: string;
	/** What to do about it; '' where there is nothing to do. */
	readonly fix: string;
	/** What was looked at, for --verbose and --json. */
	readonly seen: readonly string[];
}

export function ok(id: string, title: string, means: string, seen: readonly string[] = []): Finding {
	return { id, state: 'ok', title, means, fix: '', seen };
}
