// SPDX-License-Identifier: GPL-2.0-or-later
import { hintsFor, type Hint } from '../../messages/hints.ts';
import { mergeLookups } from '../../messages/network.ts';
import { addressAndPort, commandOf } from '../../messages/message.ts';
import { scan, type Source, type Unread } from '../reader.ts';
import type { IpcObject, Orphan, Program, RunRecord } from '../schema.ts';
import { withoutVersion } from '../../util/grammar.ts';
import { add, sumOf } from '../../util/units.ts';

/** One command's attempts to reach one destination, and their number. The lookup of a host name is an attempt as well. */
interface Tally {
	readonly command: string;
	/** The destination as ADDRESS:PORT, the host name of a lookup, or the path of a socket. */
	readonly destination: string;
	/** The protocol of the attempt: tcp, udp, ..., dns for a lookup. For a request to a UNIX socket: unix, or refused if confine refused it. */
	readonly protocol: string;
	count: number;
}

export interface Selection {
	/** Name of the selected package: CATEGORY/PF, CATEGORY/PN, PF or PN; undefined for all packages. */
	readonly package?: string | undefined;
	/** Value of `run` (PID-TICKS of emerge) in the selected records, which are then those of one run of emerge; undefined for all runs. */
	readonly run?: string | undefined;
	/** Start time of the earliest selected phase, ISO 8601 in UTC; undefined for all times. */
	readonly since?: string | undefined;
}

export const MOST_PACKAGES = 50_000;
const MOST_EVENTS = 1_000;
const MOST_TALLIES = 32;
/** Maximum number of killed processes, and of removed IPC objects, that a report lists for one phase. */
const MOST_KILLED = 16;
const MOST_RECENT = 1_500;
/** Number of phases by which `recent` may exceed MOST_RECENT. Then the oldest are removed together, because each removal copies the list. */
const SPARE_RECENT = 250;
const MOST_HEAVY = 10;

/** Reads files of records and sums up the selected records. The memory use is bounded, whatever the files contain. */
export function collect(sources: readonly Source[], selection: Selection): Report {
	const report = emptyReport();
	const isSelected = selection.package === undefined ? () => true : matcher(selection.package);
	const { since = '', run } = selection;
	report.unread = scan(sources, (record) => {
		if (record.time < since || !isSelected(record.package) || (run !== undefined && record.run !== run)) return;
		addPhase(report, summaryOf(record));
		addEvents(report, record);
	});
	report.recent = report.recent.slice(-MOST_RECENT);
	return report;
}

export type PhaseSummary = Readonly<ReturnType<typeof summaryOf>>;
function summaryOf(record: RunRecord) {
	return {
		/** Start time of the phase, ISO 8601 in UTC. */
		time: record.time,
		package: record.package,
		phase: record.phase,
		mode: record.mode,
		tracking: record.tracking,
		/** True if Portage itself, not confine, had created at least one of the namespaces of the phase. */
		byPortage: Object.values(record.applied).includes('portage'),
		/** Exit status of the phase, or 128 + N if signal N killed it. */
		exit: 'exit' in record.status ? record.status.exit : 128 + record.status.signal,
		/** Elapsed time and processor time of the phase, in seconds. */
		wall: record.wall,
		cpu: record.user + record.system,
		/** Peak memory of the phase in bytes. */
		memory: record.memoryPeak,
	};
}

const kinds = ['blocked', 'observed', 'killed', 'removed'] as const;

/** Numbers of blocked attempts, attempts that nothing blocked, killed processes, and removed IPC objects, including those for which a list has no room. */
function noCounts() {
	return { blocked: 0, observed: 0, killed: 0, removed: 0 };
}

/** Totals of all selected records, and the lists that a report shows. */
export type Report = ReturnType<typeof emptyReport>;
function emptyReport() {
	return {
		/** Start times of the first and the last phase, ISO 8601 in UTC; '' if no record is selected. */
		from: '',
		to: '',
		phases: 0,
		byPortage: 0,
		failed: 0,
		/** Number of phases that ran without a requested sandbox, limit or setting, or that nothing isolated (PORTCULLIS_AUDIT=only). */
		unconfined: 0,
		/** Numbers of phases with a blocked attempt, with a killed process, and with an exceeded limit. */
		blockedPhases: 0,
		killedPhases: 0,
		limited: 0,
		counts: noCounts(),
		/** Sums of the elapsed time and of the processor time of the phases, in seconds. */
		wall: 0,
		cpu: 0,
		/** Numbers of phases for each mode of confine and for each tracking method. */
		modes: new Map<string, number>(),
		trackingMethods: new Map<string, number>(),
		/** Packages (CATEGORY/PF) with records, with blocked attempts, and with killed processes. Each set is limited to MOST_PACKAGES. */
		packages: new Set<string>(),
		blockedPackages: new Set<string>(),
		killedPackages: new Set<string>(),
		/** The phases with events, the most recently read last, at most twice MOST_EVENTS of them. */
		events: new Map<string, PhaseEvents>(),
		/** The phases with the longest elapsed time, and those with the most memory, each in descending order. */
		slowest: [] as PhaseSummary[],
		largest: [] as PhaseSummary[],
		/** The most recent phases in the records, at most MOST_RECENT of them, the oldest first. */
		recent: [] as PhaseSummary[],
		/** Files of records that could not be read completely. */
		unread: [] as readonly Unread[],
	};
}

export function latestEvents(report: Report): PhaseEvents[] {
	return [...report.events.values()].sort((a, b) => (a.time < b.time ? 1 : -1));
}

/** Returns a function that returns true for packages CATEGORY/PF with this name: CATEGORY/PF, CATEGORY/PN, PF or PN, with an optional = (PMS 3.2). */
export function matcher(name: string): (cpv: string) => boolean {
	const wanted = name.replace(/^=/, '');
	return (cpv) => {
		const pf = cpv.replace(/^.*\//, '');
		return [cpv, withoutVersion(cpv), pf, withoutVersion(pf)].includes(wanted);
	};
}

function addPhase(report: Report, phase: PhaseSummary): void {
	report.phases++;
	report.wall += phase.wall;
	report.cpu += phase.cpu;
	if (report.from === '' || phase.time < report.from) report.from = phase.time;
	if (phase.time > report.to) report.to = phase.time;
	if (phase.byPortage) report.byPortage++;
	if (phase.exit !== 0) report.failed++;
	increase(report.modes, phase.mode);
	increase(report.trackingMethods, phase.tracking);
	addPackage(report.packages, phase.package);
	keepLargest(report.slowest, phase, 'wall');
	keepLargest(report.largest, phase, 'memory');
	report.recent.push(phase);
	if (report.recent.length >= MOST_RECENT + SPARE_RECENT) report.recent = report.recent.slice(-MOST_RECENT);
}

/** Inserts a phase into `kept`, which lists the MOST_HEAVY phases with the largest `size` in descending order. */
function keepLargest(kept: PhaseSummary[], phase: PhaseSummary, size: 'wall' | 'memory'): void {
	const last = kept[MOST_HEAVY - 1];
	if (last !== undefined && last[size] >= phase[size]) return;
	const at = kept.findIndex((other) => other[size] < phase[size]);
	kept.splice(at < 0 ? kept.length : at, 0, phase);
	kept.length = Math.min(kept.length, MOST_HEAVY);
}

function addPackage(packages: Set<string>, cpv: string): void {
	if (packages.size < MOST_PACKAGES) packages.add(cpv);
}

function increase(counts: Map<string, number>, key: string): void {
	counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** True if the record has an event, such as an attempt or a killed process, that the report shows. */
function hasEvent(record: RunRecord): boolean {
	const { names, blocked, observed, allowed, sockets, orphans, missing } = record;
	const network = names.length + blocked.length + observed.length + allowed.length + sockets.length;
	const counted = record.unreachable + record.unattributed + record.orphanCount + record.ipcObjectCount;
	return network + counted + orphans.length + missing.length > 0 || record.limit !== undefined;
}

function addEvents(report: Report, record: RunRecord): void {
	if (record.missing.length > 0 || Object.keys(record.applied).length === 0) report.unconfined++;
	if (!hasEvent(record)) return;
	const lookups = mergeLookups(record.names);
	const listed = sumOf(record.blocked, ({ count }) => count);
	const counts = {
		blocked: Math.max(record.unreachable, listed + record.unattributed) + sumOf(lookups, ({ count }) => count),
		observed: sumOf(record.observed, ({ count }) => count),
		killed: Math.max(record.orphanCount, record.orphans.length),
		removed: record.ipcObjectCount,
	};
	const event = eventsOf(report, record);
	for (const { counts: sums } of [report, event]) for (const kind of kinds) sums[kind] = add(sums[kind], counts[kind]);
	if (record.limit !== undefined) report.limited++;
	if (counts.blocked > 0) {
		report.blockedPhases++;
		addPackage(report.blockedPackages, record.package);
	}
	if (counts.killed > 0) {
		report.killedPhases++;
		addPackage(report.killedPackages, record.package);
	}
	event.time = record.time;
	event.runs++;
	event.failed = summaryOf(record).exit !== 0;
	event.missing = record.missing;
	event.limit = record.limit ?? event.limit;
	for (const lookup of lookups) addTally(event.blocked, lookup, lookup.target, 'dns', lookup.count);
	for (const key of ['blocked', 'observed', 'allowed'] as const) {
		for (const attempt of record[key])
			addTally(event[key], attempt, addressAndPort(attempt), attempt.protocol, attempt.count);
	}
	for (const request of record.sockets)
		addTally(event.requests, request, request.path, request.refused ? 'refused' : 'unix', request.count);
	for (const hint of hintsFor([...record.names, ...record.blocked, ...record.observed])) event.hints.add(hint);
	for (const orphan of record.orphans) event.killed.unshift({ ...orphan, time: record.time });
	event.killed.length = Math.min(event.killed.length, MOST_KILLED);
	event.removed.unshift(...record.ipcObjects);
	event.removed.length = Math.min(event.removed.length, MOST_KILLED);
}

function eventsOf(report: Report, record: RunRecord): PhaseEvents {
	const key = `${record.package} ${record.phase}`;
	const events = report.events.get(key) ?? emptyEvents(record);
	report.events.delete(key);
	report.events.set(key, events);
	// Drop the older half together, because finding the oldest key of a Map becomes slow after many deletions.
	if (report.events.size > 2 * MOST_EVENTS) report.events = new Map([...report.events].slice(-MOST_EVENTS));
	return events;
}

/** The events (attempts, killed processes, missing sandboxes, limits) of one phase of a package, over all its builds. */
export type PhaseEvents = ReturnType<typeof emptyEvents>;
function emptyEvents({ package: cpv, phase }: RunRecord) {
	return {
		package: cpv,
		phase,
		/** Start time of the phase in the last build with an event. */
		time: '',
		/** Number of builds in which this phase had an event. */
		runs: 0,
		/** True if the phase failed in the last build with an event. */
		failed: false,
		blocked: [] as Tally[],
		/** Attempts that nothing blocked, because PORTCULLIS_AUDIT="only" was set or network-sandbox was not available. */
		observed: [] as Tally[],
		allowed: [] as Tally[],
		/** Requests to UNIX sockets of the host. */
		requests: [] as Tally[],
		counts: noCounts(),
		/** Advice for the ebuild: how to replace the downloads of the programs in `blocked` and `observed`. */
		hints: new Set<Hint>(),
		killed: [] as (Orphan & { readonly time: string })[],
		/** The IPC objects that the phase left and that confine removed. */
		removed: [] as IpcObject[],
		missing: [] as RunRecord['missing'],
		limit: undefined as string | undefined,
	};
}

function addTally(tallies: Tally[], program: Program, destination: string, protocol: string, count: number): void {
	const command = commandOf(program);
	const known = tallies.find(
		(tally) => tally.command === command && tally.destination === destination && tally.protocol === protocol,
	);
	if (known !== undefined) known.count = add(known.count, count);
	else if (tallies.length < MOST_TALLIES) tallies.push({ command, destination, protocol, count });
}

export function reportJson(report: Report): object {
	return {
		schema: 1,
		...report,
		modes: Object.fromEntries(report.modes),
		trackingMethods: Object.fromEntries(report.trackingMethods),
		packages: report.packages.size,
		blockedPackages: report.blockedPackages.size,
		killedPackages: report.killedPackages.size,
		events: latestEvents(report).map((event) => ({ ...event, hints: [...event.hints].map(({ fetcher }) => fetcher) })),
	};
}
