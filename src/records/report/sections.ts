import { ebuildFixes } from '../../messages/hints.ts';
import { portcullis } from '../../messages/message.ts';
import { settingOf } from '../../rules/settings.ts';
import { withoutVersion } from '../../util/grammar.ts';
import { count } from '../../util/units.ts';
import { latestEvents, type PhaseEvents, type Report, type Tally } from './collect.ts';

/** The sections of a report, the most urgent first. */
export const sectionNames = ['blocked', 'observed', 'killed', 'missing', 'limit', 'allowed'] as const;
export type SectionName = (typeof sectionNames)[number];

/** The events of one phase, or of several phases that lack the same sandbox. */
export interface SectionEntry extends PhaseEvents {
	readonly phases: readonly string[];
}

/** The entries of each section, the latest first. */
export function sectionsOf(report: Report): Readonly<Record<SectionName, readonly SectionEntry[]>> {
	const entries = latestEvents(report).map((event) => ({ ...event, phases: [event.phase] }));
	return {
		blocked: entries.filter(({ attempts }) => attempts > 0),
		observed: entries.filter(({ observedAttempts }) => observedAttempts > 0),
		killed: entries.filter(({ killedCount }) => killedCount > 0),
		missing: mergeMissing(entries.filter(({ missing }) => missing.length > 0)),
		limit: entries.filter(({ limit }) => limit !== undefined),
		allowed: entries.filter(({ allowed }) => allowed.length > 0),
	};
}

/** Merges the phases of a package that lack the same sandboxes for the same reasons. */
function mergeMissing(entries: readonly SectionEntry[]): SectionEntry[] {
	const groups = new Map<string, SectionEntry>();
	for (const entry of entries) {
		const key = JSON.stringify([entry.package, entry.missing]);
		const known = groups.get(key);
		// The entries are sorted with the latest first, the phases of a group with the earliest first.
		groups.set(key, known === undefined ? entry : { ...known, phases: [entry.phase, ...known.phases] });
	}
	return [...groups.values()];
}

export function destinationText({ destination, protocol }: Pick<Tally, 'destination' | 'protocol'>): string {
	return protocol === 'tcp' || protocol === 'dns' ? destination : `${destination}/${protocol}`;
}

/** The attempts whose program is unknown, and those beyond the limits of a record or a report. */
export function unlistedText(attempts: number): string {
	return `${count(attempts, 'more attempt')}, program not recorded`;
}

/** What the user and the author of the ebuild can do about an entry. Commands are in backquotes. */
export function remedies(name: SectionName, entry: SectionEntry): string[] {
	const cp = withoutVersion(entry.package);
	switch (name) {
		case 'blocked':
		case 'observed':
			return [
				`To allow the access on this machine, run: \`${portcullis('allow', cp)}\``,
				...ebuildFixes(entry.phase, [...entry.hints]),
			];
		case 'killed':
			return [
				`To fix the ebuild, stop the processes at the end of ${entry.phases.map((phase) => `src_${phase}`).join(', ')}`,
			];
		case 'missing':
			return [`Find the cause: \`${portcullis('doctor')}\``];
		case 'limit': {
			const variable = settingOf(entry.limit ?? '');
			return variable === undefined ? [] : [`Raise ${variable} in make.conf or package.env`];
		}
		case 'allowed':
			return [`To block these connections again, run: \`${portcullis('allow', '--remove', cp)}\``];
	}
}
