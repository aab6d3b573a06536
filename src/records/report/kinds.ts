import { latest, type Collected, type Event } from './collect.ts';

/** What a report tells, the most urgent first. */
export const kinds = ['blocked', 'killed', 'missing', 'limit', 'allowed'] as const;
export type Kind = (typeof kinds)[number];

/** An event, or several that are told as one. */
export interface Told extends Event {
	readonly phases: readonly string[];
}

/** The events of each kind, the last one first. */
export function sorted(sum: Collected): Readonly<Record<Kind, readonly Told[]>> {
	const events = latest(sum).map((event) => ({ ...event, phases: [event.phase] }));
	return {
		blocked: events.filter(({ attempts, names }) => attempts + names.length > 0),
		killed: events.filter(({ killedCount }) => killedCount > 0),
		missing: together(events.filter(({ missing }) => missing.length > 0)),
		limit: events.filter(({ limit }) => limit !== undefined),
		allowed: events.filter(({ allowed }) => allowed.length > 0),
	};
}

/** What can't be had is missing in every phase of a package: those that miss the same for the same reason are one. */
function together(events: readonly Told[]): Told[] {
	const groups = new Map<string, Told>();
	for (const event of events) {
		const key = JSON.stringify([event.package, event.missing]);
		const known = groups.get(key);
		// They come with the last one first.
		groups.set(key, known === undefined ? event : { ...known, phases: [event.phase, ...known.phases] });
	}
	return [...groups.values()];
}
