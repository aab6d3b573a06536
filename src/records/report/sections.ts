// SPDX-License-Identifier: GPL-2.0-or-later
import { ebuildFixes } from '../../messages/hints.ts';
import { hostServiceAt } from '../../messages/host_services.ts';
import { portcullis } from '../../messages/message.ts';
import { settingOf } from '../../rules/settings.ts';
import { withoutVersion } from '../../util/grammar.ts';
import { count } from '../../util/units.ts';
import { latestEvents, sumOf, type PhaseEvents, type Report, type Tally } from './collect.ts';

/** The sections of a report, the most urgent first. */
export const sectionNames = [
	'blocked',
	'observed',
	'killed',
	'removed',
	'missing',
	'limit',
	'asked',
	'allowed',
] as const;
export type SectionName = (typeof sectionNames)[number];

/** An entry of a report: the events of one phase, or of several phases in which the same sandboxes were missing. */
export interface SectionEntry extends PhaseEvents {
	readonly phases: readonly string[];
}

/** Returns the entries of each section, the latest first. */
export function sectionsOf(report: Report): Readonly<Record<SectionName, readonly SectionEntry[]>> {
	const entries = latestEvents(report).map((event) => ({ ...event, phases: [event.phase] }));
	return {
		blocked: entries.filter(({ attempts }) => attempts > 0),
		observed: entries.filter(({ observedAttempts }) => observedAttempts > 0),
		killed: entries.filter(({ killedCount }) => killedCount > 0),
		removed: entries.filter(({ removedCount }) => removedCount > 0),
		missing: mergeMissing(entries.filter(({ missing }) => missing.length > 0)),
		limit: entries.filter(({ limit }) => limit !== undefined),
		asked: entries.filter(({ asked }) => asked.length > 0),
		allowed: entries.filter(({ allowed }) => allowed.length > 0),
	};
}

/** Merges the entries of phases of one package in which the same sandboxes were missing for the same reasons. */
function mergeMissing(entries: readonly SectionEntry[]): SectionEntry[] {
	const groups = new Map<string, SectionEntry>();
	for (const entry of entries) {
		const key = JSON.stringify([entry.package, entry.missing]);
		const known = groups.get(key);
		// The loop gets the latest phase first. Prepend each phase, so that a group lists its phases in the order of the build.
		groups.set(key, known === undefined ? entry : { ...known, phases: [entry.phase, ...known.phases] });
	}
	return [...groups.values()];
}

export function destinationText({ destination, protocol }: Pick<Tally, 'destination' | 'protocol'>): string {
	if (protocol === 'refused') return `${destination} (refused)`;
	return ['tcp', 'dns', 'unix'].includes(protocol) ? destination : `${destination}/${protocol}`;
}

export function requestsIn({ asked }: SectionEntry): number {
	return sumOf(asked, ({ count }) => count);
}

/** Describes attempts that a report cannot list: their program is unknown, or a record or the report had no room for them. */
export function unlistedText(attempts: number): string {
	return `${count(attempts, 'more attempt')}, program not recorded`;
}

/** Returns advice about an entry for the user and for the author of the ebuild. Commands are in backquotes. */
export function remedies(name: SectionName, entry: SectionEntry): string[] {
	const cp = withoutVersion(entry.package);
	switch (name) {
		case 'blocked':
		case 'observed':
			return [
				`To allow the access on this machine, run: \`${portcullis('allow', '--write', cp)}\``,
				...ebuildFixes(entry.phase, [...entry.hints]),
			];
		case 'killed':
			return [
				`To fix the ebuild, stop the processes at the end of ${entry.phases.map((phase) => `src_${phase}`).join(', ')}`,
			];
		case 'removed':
			return [
				`To fix the ebuild, remove the objects at the end of ${entry.phases.map((phase) => `src_${phase}`).join(', ')}`,
			];
		case 'missing':
			return [`To find the fix, run: \`${portcullis('doctor')}\``];
		case 'limit': {
			const variable = settingOf(entry.limit ?? '');
			return variable === undefined ? [] : [`Raise ${variable} in make.conf or /etc/portage/env`];
		}
		case 'asked': {
			const services = new Set(entry.asked.flatMap(({ destination }) => hostServiceAt(destination) ?? []));
			const isReachable = entry.asked.some(({ protocol }) => protocol === 'unix');
			return [
				...[...services].map(({ name, means }) => `${name}: ${means}`),
				...(isReachable
					? ['To refuse these requests, set PORTCULLIS_SOCKETS="own" in make.conf or /etc/portage/env']
					: []),
			];
		}
		case 'allowed':
			return [`To block these connections again, run: \`${portcullis('allow', '--remove', cp)}\``];
	}
}
