/**
 * ok: works. error: requested and does not work. warning: works, with an effect that the user must know. inactive: does not work and is
 * not requested.
 */
export type State = 'ok' | 'error' | 'warning' | 'inactive';

export interface Finding {
	readonly id: string;
	readonly state: State;
	/** The subject, in a few words. */
	readonly title: string;
	/** The fact and its effect on a build. */
	readonly meaning: string;
	/** What the user can do; '' if nothing. */
	readonly fix: string;
	/** The values that the finding depends on, for --verbose and --json. */
	readonly observed: readonly string[];
}

export function ok(id: string, title: string, meaning: string, observed: readonly string[] = []): Finding {
	return { id, state: 'ok', title, meaning, fix: '', observed };
}

export function inactive(id: string, title: string, meaning: string): Finding {
	return { id, state: 'inactive', title, meaning, fix: '', observed: [] };
}

export function error(
	id: string,
	title: string,
	meaning: string,
	fix: string,
	observed: readonly string[] = [],
): Finding {
	return { id, state: 'error', title, meaning, fix, observed };
}

export function warning(
	id: string,
	title: string,
	meaning: string,
	fix: string,
	observed: readonly string[] = [],
): Finding {
	return { id, state: 'warning', title, meaning, fix, observed };
}
