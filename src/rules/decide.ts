import { features } from './features.ts';
import { confinements, isSrcPhase, phaseRules, type Condition, type Confinement, type Fakeroot } from './phases.ts';
import type { Settings } from './settings.ts';

/** What a decision rests on: a phase as Portage describes it. */
export interface PhaseContext {
	/** EBUILD_PHASE */
	readonly phase: string;
	/** EMERGE_FROM; where a package manager has no such variable, 'ebuild' */
	readonly from: string;
	/** PORTAGE_FEATURES, PORTAGE_RESTRICT and PORTAGE_PROPERTIES, as lists of words */
	readonly features: readonly string[];
	readonly restrict: readonly string[];
	readonly properties: readonly string[];
	readonly settings: Settings;
	/** '' where it isn't said. */
	readonly fakeroot?: Fakeroot;
}

export interface Verdict {
	readonly confined: boolean;
	/** The rule that said so. */
	readonly rule: string;
}

export type Decision = Readonly<Record<Confinement, Verdict>>;

/** Which confinements a phase gets, each with the rule that says so. The rules are those of phases.ts, in their order. */
export function decide(phaseContext: PhaseContext): Decision {
	return Object.fromEntries(confinements.map((what) => [what, judge(what, phaseContext)])) as Record<
		Confinement,
		Verdict
	>;
}

/** The confinements that a decision grants, in the order of `confinements`. */
export function granted(decision: Decision): Confinement[] {
	return confinements.filter((what) => decision[what].confined);
}

function judge(what: Confinement, phaseContext: PhaseContext): Verdict {
	const { phase } = phaseContext;
	if (phaseContext.from !== 'ebuild') return { confined: false, rule: 'nothing is built: the package is binary' };
	if (!isSrcPhase(phase)) return { confined: false, rule: 'only src_* phases are confined' };
	if (!phaseContext.features.includes(features[what])) {
		return { confined: false, rule: `FEATURES does not name ${features[what]}` };
	}
	const row = phaseRules[what].find(
		({ phases, when }) => phases.includes(phase) && when.every((one) => holds(one, phaseContext)),
	);
	if (row === undefined) throw new Error(`no row of the law speaks of ${what} in ${phase}`);
	return { confined: row.confined, rule: row.rule };
}

function holds(condition: Condition, phaseContext: PhaseContext): boolean {
	if ('fakeroot' in condition) return phaseContext.fakeroot === condition.fakeroot;
	if ('setting' in condition) return phaseContext.settings[condition.setting] === condition.is;
	return phaseContext[condition.list].includes(condition.word) === condition.present;
}
