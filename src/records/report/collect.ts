// SPDX-License-Identifier: GPL-2.0-or-later
import { hintsFor, type Hint } from '../../messages/hints.ts';
import { mergeLookups } from '../../messages/network.ts';
import { commandOf, destination } from '../../messages/message.ts';
import { scan, type Source, type Unread } from '../reader.ts';
import type { Attempt, IpcObject, Orphan, RunRecord, SocketRequest } from '../schema.ts';
import { BoundedMap } from './bounded_map.ts';

export interface PhaseSummary {
	/** Start time of the phase, ISO 8601 in UTC. */
	readonly time: string;
	readonly package: string;
	readonly phase: string;
	readonly mode: string;
	readonly tracking: string;
	/** True if Portage itself, not confine, had created at least one of the namespaces that FEATURES requests. */
	readonly byPortage: boolean;
	/** Exit status of the phase, or 128 + N if signal N killed it. */
	readonly exit: number;
	/** Elapsed time and processor time of the phase, in seconds. */
	readonly wall: number;
	readonly cpu: number;
	/** Peak memory of the phase in bytes. */
	readonly memory: number;
}

/** The events (attempts, killed processes, missing sandboxes, limits) of one phase of a package, over all its builds. */
export interface PhaseEvents {
	readonly package: string;
	readonly phase: string;
	/** Start time of the phase in the last build with an event. */
	time: string;
	/** Number of builds in which this phase had an event. */
	runs: number;
	/** True if the phase failed in the last build with an event. */
	failed: boolean;
	readonly blocked: Tally[];
	/** Attempts that nothing blocked, because PORTCULLIS_AUDIT="only" was set or network-sandbox was not available. */
	readonly observed: Tally[];
	readonly allowed: Tally[];
	/** Requests to UNIX sockets of the host. */
	readonly asked: Tally[];
	/** Number of blocked attempts, including those that `blocked` does not list. */
	attempts: number;
	/** Number of attempts that nothing blocked, including those that `observed` does not list. */
	observedAttempts: number;
	/** Advice for the ebuild: how to replace the downloads of the programs in `blocked` and `observed`. */
	readonly hints: Set<Hint>;
	readonly killed: (Orphan & { readonly time: string })[];
	/** Number of killed processes of the phase, including those that `killed` does not list. */
	killedCount: number;
	/** The IPC objects that the phase left and that confine removed. */
	readonly removed: IpcObject[];
	removedCount: number;
	missing: RunRecord['missing'];
	limit: string | undefined;
}

/** Number of attempts of one command to reach one destination. The lookup of a host name is an attempt as well. */
export interface Tally {
	readonly command: string;
	/** The destination as ADDRESS:PORT, the host name of a lookup, or the path of a socket. */
	readonly destination: string;
	/** The protocol of the attempt: tcp, udp, ..., dns for a lookup. For a request to a UNIX socket: unix, or refused if confine refused it. */
	readonly protocol: string;
	count: number;
}

/** Totals of all selected records, and the lists that a report shows. */
export interface Report {
	/** Start times of the first and the last phase, ISO 8601 in UTC; '' if no record is selected. */
	from: string;
	to: string;
	phases: number;
	byPortage: number;
	failed: number;
	/** Number of phases that ran without a requested sandbox, or that nothing isolated (PORTCULLIS_AUDIT=only). */
	unconfined: number;
	/** Numbers of phases with a blocked attempt, with a killed process, and with an exceeded limit. */
	blockedPhases: number;
	killedPhases: number;
	limited: number;
	/** Numbers of blocked attempts, of attempts that nothing blocked, of killed processes, and of removed IPC objects. */
	attempts: number;
	observedAttempts: number;
	killed: number;
	removed: number;
	/** Sums of the elapsed time and of the processor time of the phases, in seconds. */
	wall: number;
	cpu: number;
	/** Numbers of phases for each mode of confine and for each tracking method. */
	readonly modes: Map<string, number>;
	readonly trackingMethods: Map<string, number>;
	/** Packages (CATEGORY/PF) with records, with blocked attempts, and with killed processes. Each set is limited to MOST_PACKAGES. */
	readonly packages: Set<string>;
	readonly blockedPackages: Set<string>;
	readonly killedPackages: Set<string>;
	readonly events: BoundedMap<PhaseEvents>;
	/** The phases with the longest elapsed time, and those with the most memory, each in descending order. */
	readonly slowest: PhaseSummary[];
	readonly largest: PhaseSummary[];
	/** The most recent phases in the records, at most MOST_RECENT of them, the oldest first. */
	recent: PhaseSummary[];
	/** Files of records that could not be read completely. */
	unread: readonly Unread[];
}

export interface Selection {
	/** Name of the selected package: CATEGORY/PF, CATEGORY/PN, PF or PN; undefined for all packages. */
	readonly package?: string | undefined;
	/** Selects the records with this value of `run`, which stands for one run of emerge; undefined for all runs. */
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
	const isSelected = packageMatcher(selection.package);
	const { since = '', run } = selection;
	report.unread = scan(sources, (record) => {
		if (record.time < since || !isSelected(record.package) || (run !== undefined && record.run !== run)) return;
		addPhase(report, summaryOf(record));
		addEvents(report, record);
	});
	report.recent = report.recent.slice(-MOST_RECENT);
	return report;
}

export function summaryOf(record: RunRecord): PhaseSummary {
	return {
		time: record.time,
		package: record.package,
		phase: record.phase,
		mode: record.mode,
		tracking: record.tracking,
		byPortage: hasPortage(record.applied),
		exit: 'exit' in record.status ? record.status.exit : 128 + record.status.signal,
		wall: record.wall,
		cpu: record.user + record.system,
		memory: record.memoryPeak,
	};
}

function hasPortage(applied: RunRecord['applied']): boolean {
	for (const what in applied) if (applied[what] === 'portage') return true;
	return false;
}

function emptyReport(): Report {
	return {
		from: '',
		to: '',
		phases: 0,
		byPortage: 0,
		failed: 0,
		unconfined: 0,
		blockedPhases: 0,
		killedPhases: 0,
		limited: 0,
		attempts: 0,
		observedAttempts: 0,
		killed: 0,
		removed: 0,
		wall: 0,
		cpu: 0,
		modes: new Map(),
		trackingMethods: new Map(),
		packages: new Set(),
		blockedPackages: new Set(),
		killedPackages: new Set(),
		events: new BoundedMap(MOST_EVENTS),
		slowest: [],
		largest: [],
		recent: [],
		unread: [],
	};
}

/** Returns the events of all phases, the latest first. */
export function latestEvents(report: Report): PhaseEvents[] {
	return report.events.values().sort((a, b) => (a.time < b.time ? 1 : -1));
}

/** Returns a function that calls isNamed() with `name` and caches the results, because successive records often have the same package. */
function packageMatcher(name: string | undefined): (cpv: string) => boolean {
	if (name === undefined) return () => true;
	const known = new Map<string, boolean>();
	return (cpv) => {
		let answer = known.get(cpv);
		if (answer === undefined) {
			if (known.size > 10_000) known.clear();
			known.set(cpv, (answer = isNamed(cpv, name)));
		}
		return answer;
	};
}

/** True if `name` (CATEGORY/PF, CATEGORY/PN, PF or PN, with an optional =) refers to the package `cpv` (CATEGORY/PF; PMS 3.2). */
export function isNamed(cpv: string, name: string): boolean {
	const [, pf = cpv] = cpv.split('/');
	const version = /-\d[^-]*(-r\d+)?$/;
	return [cpv, cpv.replace(version, ''), pf, pf.replace(version, '')].includes(name.replace(/^=/, ''));
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

/** Returns the sum of two counts, limited to the range of exact integers. A forged count could exceed this range. */
function add(total: number, more: number): number {
	return Math.min(total + more, Number.MAX_SAFE_INTEGER);
}

/** True if the record has an event, such as an attempt or a killed process, that the report shows. */
function hasEvent(record: RunRecord): boolean {
	const { names, blocked, observed, allowed, sockets, orphans, missing } = record;
	const network = names.length + blocked.length + observed.length + allowed.length + sockets.length;
	const counted = record.unreachable + record.unattributed + record.orphanCount + record.ipcObjectCount;
	return network + counted + orphans.length + missing.length > 0 || record.limit !== undefined;
}

function isEmpty(members: object): boolean {
	for (const _ in members) return false;
	return true;
}

function addEvents(report: Report, record: RunRecord): void {
	if (record.missing.length > 0 || isEmpty(record.applied)) report.unconfined++;
	if (!hasEvent(record)) return;
	const lookups = record.names.length === 0 ? [] : mergeLookups(record.names).map(lookupTally);
	const listed = sumOf(record.blocked, ({ count }) => count);
	const attempts = Math.max(record.unreachable, listed + record.unattributed) + sumOf(lookups, ({ count }) => count);
	const observedAttempts = sumOf(record.observed, ({ count }) => count);
	const killed = Math.max(record.orphanCount, record.orphans.length);
	report.attempts = add(report.attempts, attempts);
	report.observedAttempts = add(report.observedAttempts, observedAttempts);
	report.killed = add(report.killed, killed);
	report.removed = add(report.removed, record.ipcObjectCount);
	if (record.limit !== undefined) report.limited++;
	if (attempts > 0) {
		report.blockedPhases++;
		addPackage(report.blockedPackages, record.package);
	}
	if (killed > 0) {
		report.killedPhases++;
		addPackage(report.killedPackages, record.package);
	}
	const event = report.events.getOrCreate(`${record.package} ${record.phase}`, () => emptyEvents(record));
	event.time = record.time;
	event.runs++;
	event.failed = summaryOf(record).exit !== 0;
	event.attempts = add(event.attempts, attempts);
	event.observedAttempts = add(event.observedAttempts, observedAttempts);
	event.killedCount = add(event.killedCount, killed);
	event.removedCount = add(event.removedCount, record.ipcObjectCount);
	event.missing = record.missing;
	event.limit = record.limit ?? event.limit;
	for (const tally of [...lookups, ...record.blocked.map(tallyOf)]) addTally(event.blocked, tally);
	for (const attempt of record.observed) addTally(event.observed, tallyOf(attempt));
	for (const attempt of record.allowed) addTally(event.allowed, tallyOf(attempt));
	for (const request of record.sockets) addTally(event.asked, socketTally(request));
	for (const hint of hintsFor([...record.names, ...record.blocked, ...record.observed])) event.hints.add(hint);
	for (const orphan of record.orphans) event.killed.unshift({ ...orphan, time: record.time });
	event.killed.length = Math.min(event.killed.length, MOST_KILLED);
	event.removed.unshift(...record.ipcObjects);
	event.removed.length = Math.min(event.removed.length, MOST_KILLED);
}

function emptyEvents({ package: cpv, phase }: RunRecord): PhaseEvents {
	return {
		package: cpv,
		phase,
		time: '',
		runs: 0,
		failed: false,
		blocked: [],
		observed: [],
		allowed: [],
		asked: [],
		attempts: 0,
		observedAttempts: 0,
		hints: new Set(),
		killed: [],
		killedCount: 0,
		removed: [],
		removedCount: 0,
		missing: [],
		limit: undefined,
	};
}

function tallyOf(attempt: Attempt): Tally {
	const { protocol, count } = attempt;
	return { command: commandOf(attempt), destination: destination({ ...attempt, protocol: 'tcp' }), protocol, count };
}

function lookupTally(lookup: ReturnType<typeof mergeLookups>[number]): Tally {
	return { command: commandOf(lookup), destination: lookup.target, protocol: 'dns', count: lookup.count };
}

function socketTally(request: SocketRequest): Tally {
	const { path, count, refused } = request;
	return { command: commandOf(request), destination: path, protocol: refused === true ? 'refused' : 'unix', count };
}

function addTally(tallies: Tally[], { command, destination, protocol, count }: Tally): void {
	const known = tallies.find(
		(tally) => tally.command === command && tally.destination === destination && tally.protocol === protocol,
	);
	if (known !== undefined) known.count = add(known.count, count);
	else if (tallies.length < MOST_TALLIES) tallies.push({ command, destination, protocol, count });
}

export function sumOf<Item>(items: readonly Item[], size: (item: Item) => number): number {
	return items.reduce((sum, item) => add(sum, size(item)), 0);
}

export function reportJson(report: Report): object {
	const { modes, trackingMethods, packages, blockedPackages, killedPackages, recent, unread, ...rest } = report;
	return {
		schema: 1,
		...rest,
		modes: Object.fromEntries(modes),
		trackingMethods: Object.fromEntries(trackingMethods),
		packages: packages.size,
		blockedPackages: blockedPackages.size,
		killedPackages: killedPackages.size,
		unread,
		events: latestEvents(report).map(({ hints, ...event }) => ({
			...event,
			hints: [...hints].map(({ fetcher }) => fetcher),
		})),
		recent,
	};
}
