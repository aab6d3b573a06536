// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The state of an item that doctor checks. ok: it works. error: it is requested and does not work. warning: it works, with an effect that
 * the user must know. inactive: it is not requested.
 */
export type State = 'ok' | 'error' | 'warning' | 'inactive';

export interface Finding {
	readonly id: string;
	readonly state: State;
	readonly title: string;
	/** The result of the check and its effect on a build. */
	readonly meaning: string;
	/** Instructions that repair the item; '' if there are none. */
	readonly fix: string;
	/** The measured values from which the finding follows. `portcullis doctor` prints them with --verbose and --json. */
	readonly observed: readonly string[];
}

/** withFix(STATE) and withoutFix(STATE) return functions that make a finding in this state, with or without instructions for a repair. */
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
