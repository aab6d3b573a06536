import { latestEvents, type PhaseEvents, type Report } from './collect.ts';

/** The sections of a report, the most urgent first. */
export const sectionNames = ['blocked', 'killed', 'missing', 'limit', 'allowed'] as const;
export type SectionName = (typeof sectionNames)[number];

/** The events of one phase, or of several phases that lack the same sandbox. */
export interface SectionEntry extends PhaseEvents {
	readonly phases: readonly string[];
}

/** The entries of each section, the latest first. */
export function sectionsOf(report: Report): Readonly<Record<SectionName, readonly SectionEntry[]>> {
	const entries = latestEvents(report).map((event) => ({ ...event, phases: [event.phase] }));
	return {
		blocked: entries.filter(({ attempts, names }) => attempts + names.length > 0),
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
