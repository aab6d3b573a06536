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

/** Functions that make a finding of one state: with a fix, and without one. */
const withFix =
	(state: State) =>
	(id: string, title: string, meaning: string, fix: string, observed: readonly string[] = []): Finding => ({
		id,
		state,
		title,
		meaning,
		fix,
		observed,
	});
const withoutFix =
	(state: State) =>
	(id: string, title: string, meaning: string, observed: readonly string[] = []): Finding =>
		withFix(state)(id, title, meaning, '', observed);

export const error = withFix('error');
export const warning = withFix('warning');
export const ok = withoutFix('ok');
export const inactive = withoutFix('inactive');
