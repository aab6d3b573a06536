// SPDX-License-Identifier: GPL-2.0-or-later
import { features } from './features.ts';
import { confinements, isSrcPhase, phaseRules, type Condition, type Confinement, type Fakeroot } from './phases.ts';
import type { Settings } from './settings.ts';

/** The input of decide(): a phase as Portage describes it. */
export interface PhaseContext {
	/** The value of EBUILD_PHASE, for example compile. */
	readonly phase: string;
	/** The value of EMERGE_FROM (ebuild or binary), or 'ebuild' if the package manager does not set EMERGE_FROM. */
	readonly from: string;
	/** The words of three variables of the phase: PORTAGE_FEATURES, PORTAGE_RESTRICT and PORTAGE_PROPERTIES. */
	readonly features: readonly string[];
	readonly restrict: readonly string[];
	readonly properties: readonly string[];
	/** For each word that a file removes from FEATURES, the path of this file. The key `*` stands for FEATURES="-*". */
	readonly removed?: Readonly<Record<string, string>>;
	/** The variables whose folders lie in /dev/shm. If there are any, ipc-sandbox makes no private /dev/shm. */
	readonly inShm?: readonly string[];
	/** The folders that the phase needs, also those in /dev/shm. */
	readonly uses?: readonly string[];
	readonly settings: Settings;
	readonly fakeroot?: Fakeroot;
}

type Decision = Readonly<Record<Confinement, ReturnType<typeof decideOne>>>;

/** Decides which sandboxes a phase gets. For each sandbox, the first matching row in phases.ts decides. */
export function decide(phaseContext: PhaseContext): Decision {
	return Object.fromEntries(confinements.map((what) => [what, decideOne(what, phaseContext)])) as Decision;
}

export function granted(decision: Decision): Confinement[] {
	return confinements.filter((what) => decision[what].confined);
}

/**
 * True if Portcullis records the network access of a phase. By default, this is true for a phase whose network Portcullis isolates. With
 * PORTCULLIS_AUDIT=only, it is true for every phase that network-sandbox would isolate, whether FEATURES contains network-sandbox or not.
 */
export function audited(phaseContext: PhaseContext): boolean {
	const { settings } = phaseContext;
	if (settings.PORTCULLIS_AUDIT === 'off') return false;
	if (settings.PORTCULLIS_AUDIT === 'on') return decide(phaseContext).net.confined;
	const networkOnly = { ...phaseContext, features: [features.net], settings: { ...settings, PORTCULLIS_AUDIT: 'on' } };
	return decide(networkOnly).net.confined;
}

/** Returns whether a sandbox applies, and the rule that decides this, in words. */
function decideOne(what: Confinement, phaseContext: PhaseContext) {
	const { phase } = phaseContext;
	if (phaseContext.from !== 'ebuild') return { confined: false, rule: 'binary packages are not confined' };
	if (!isSrcPhase(phase)) return { confined: false, rule: 'only src_* phases are confined' };
	if (!phaseContext.features.includes(features[what])) {
		const file = phaseContext.removed?.[features[what]] ?? phaseContext.removed?.['*'];
		const rule =
			file === undefined ? `FEATURES does not contain ${features[what]}` : `${file} removes it from FEATURES`;
		return { confined: false, rule };
	}
	const row = phaseRules[what].find(
		({ phases, when }) => phases.includes(phase) && when.every((condition) => holds(condition, phaseContext)),
	);
	if (row === undefined) throw new Error(`no rule of ${what} matches ${phase}`);
	return { confined: row.confined, rule: row.rule };
}

function holds(condition: Condition, phaseContext: PhaseContext): boolean {
	if ('fakeroot' in condition) return phaseContext.fakeroot === condition.fakeroot;
	if ('setting' in condition) return phaseContext.settings[condition.setting] === condition.is;
	return phaseContext[condition.list].includes(condition.word) === condition.present;
}
