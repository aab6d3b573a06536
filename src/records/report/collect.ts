import { toQuiet, scan, type Quiet, type Source, type Unread } from '../reader.ts';
import type { Blocked, Orphan, RunRecord } from '../schema.ts';
import { commandOf, destination } from '../../messages/message.ts';
import { Bounded, keepLargest } from './bounded_map.ts';

/** What happened in a phase of a package, all its builds together. */
export interface Event {
	readonly package: string;
	readonly phase: string;
	/** Of the last time. */
	time: string;
	/** How often that phase ran and had something to tell. */
	runs: number;
	/** Whether it failed the last time. */
	failed: boolean;
	readonly blocked: Tally[];
	/** What PORTCULLIS_ALLOW let through. */
	readonly allowed: Tally[];
	/** Names looked up: an answer would have led out. */
	readonly names: { readonly name: string; readonly command: string; count: number }[];
	/** Attempts, also those that are not in `blocked`. */
	attempts: number;
	readonly killed: (Orphan & { readonly time: string })[];
	/** Processes killed, also those that are not in `killed`. */
	killedCount: number;
	missing: RunRecord['missing'];
	limit: string | undefined;
}

/** A destination, and who tried it. */
export interface Tally {
	readonly command: string;
	readonly destination: string;
	readonly protocol: string;
	count: number;
}

export interface Collected {
	/** The first and the last time; '' where there was no record. */
	from: string;
	to: string;
	phases: number;
	byPortage: number;
	failed: number;
	/** Phases that went without what was asked for. */
	unconfined: number;
	/** Phases of which at least one attempt was blocked, one process killed, one limit hit. */
	blockedPhases: number;
	killedPhases: number;
	limited: number;
	attempts: number;
	killed: number;
	wall: number;
	cpu: number;
	readonly modes: Map<string, number>;
	readonly trackingMethods: Map<string, number>;
	readonly packages: Bounded<true>;
	readonly blockedPackages: Bounded<true>;
	readonly killedPackages: Bounded<true>;
	/** In no order. */
	readonly events: Bounded<Event>;
	readonly slowest: Quiet[];
	readonly largest: Quiet[];
	/** The last phases, oldest first. */
	recent: Quiet[];
	/** Of the files that were not read as a whole. */
	unread: readonly Unread[];
}

export interface Choice {
	/** CATEGORY/PF, CATEGORY/PN, PF or PN; undefined for all. */
	readonly package?: string | undefined;
	/** ISO 8601 in UTC, as in the records. */
	readonly since?: string | undefined;
}

const MOST_PACKAGES = 25_000;
const MOST_EVENTS = 1_000;
const MOST_TALLIES = 32;
const MOST_KILLED = 16;
const MOST_RECENT = 1_500;
const MOST_HEAVY = 10;

/** Adds up the records of these files. Memory is bounded, whatever they hold. */
export function collect(sources: readonly Source[], choice: Choice): Collected {
	const sum = nothing();
	const wanted = matcher(choice.package);
	const since = choice.since ?? '';
	sum.unread = scan(sources, (record) => {
		if (record.time < since || !wanted(record.package)) return;
		addPhase(sum, toQuiet(record));
		addEvent(sum, record);
	});
	sum.recent = sum.recent.slice(-MOST_RECENT);
	return sum;
}

function nothing(): Collected {
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
		killed: 0,
		wall: 0,
		cpu: 0,
		modes: new Map(),
		trackingMethods: new Map(),
		packages: new Bounded(MOST_PACKAGES),
		blockedPackages: new Bounded(MOST_PACKAGES),
		killedPackages: new Bounded(MOST_PACKAGES),
		events: new Bounded(MOST_EVENTS),
		slowest: [],
		largest: [],
		recent: [],
		unread: [],
	};
}

/** The last one first. */
export function latest(sum: Collected): Event[] {
	return sum.events.values().sort((a, b) => (a.time < b.time ? 1 : -1));
}

/** Whether a CATEGORY/PF is the package that somebody named. The last answers are kept: records come in runs. */
function matcher(name: string | undefined): (cpv: string) => boolean {
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

/** PMS 3.2: the version starts at the last hyphen before a digit, a revision aside. */
export function isNamed(cpv: string, name: string): boolean {
	const [, pf = cpv] = cpv.split('/');
	const version = /-\d[^-]*(-r\d+)?$/;
	return [cpv, cpv.replace(version, ''), pf, pf.replace(version, '')].includes(name.replace(/^=/, ''));
}

function addPhase(sum: Collected, phase: Quiet): void {
	sum.phases++;
	sum.wall += phase.wall;
	sum.cpu += phase.cpu;
	if (sum.from === '' || phase.time < sum.from) sum.from = phase.time;
	if (phase.time > sum.to) sum.to = phase.time;
	if (phase.byPortage) sum.byPortage++;
	if (phase.exit !== 0) sum.failed++;
	increase(sum.modes, phase.mode);
	increase(sum.trackingMethods, phase.tracking);
	sum.packages.renew(phase.package, () => true);
	keepLargest(sum.slowest, MOST_HEAVY, phase, ({ wall }) => wall);
	keepLargest(sum.largest, MOST_HEAVY, phase, ({ memory }) => memory);
	sum.recent.push(phase);
	if (sum.recent.length >= 2 * MOST_RECENT) sum.recent = sum.recent.slice(-MOST_RECENT);
}

function increase(counts: Map<string, number>, key: string): void {
	counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Forged counts must not leave the range of exact integers. */
function add(sum: number, more: number): number {
	return Math.min(sum + more, Number.MAX_SAFE_INTEGER);
}

function addEvent(sum: Collected, record: RunRecord): void {
	const seen = record.blocked.reduce((total, { count }) => total + count, 0);
	const attempts = Math.max(record.unreachable, seen + record.unattributed);
	const killed = Math.max(record.orphanCount, record.orphans.length);
	sum.attempts = add(sum.attempts, attempts);
	sum.killed = add(sum.killed, killed);
	if (record.missing.length > 0) sum.unconfined++;
	if (record.limit !== undefined) sum.limited++;
	if (attempts + record.names.length > 0) {
		sum.blockedPhases++;
		sum.blockedPackages.renew(record.package, () => true);
	}
	if (killed > 0) {
		sum.killedPhases++;
		sum.killedPackages.renew(record.package, () => true);
	}
	const told = attempts + record.names.length + killed + record.missing.length + record.allowed.length;
	if (told > 0 || record.limit !== undefined) {
		const event = sum.events.renew(`${record.package} ${record.phase}`, () => emptyEvent(record));
		merge(event, record, attempts, killed);
	}
}

function emptyEvent({ package: cpv, phase }: RunRecord): Event {
	return {
		package: cpv,
		phase,
		time: '',
		runs: 0,
		failed: false,
		blocked: [],
		allowed: [],
		names: [],
		attempts: 0,
		killed: [],
		killedCount: 0,
		missing: [],
		limit: undefined,
	};
}

function merge(event: Event, record: RunRecord, attempts: number, killed: number): void {
	event.time = record.time;
	event.runs++;
	event.failed = toQuiet(record).exit !== 0;
	event.attempts = add(event.attempts, attempts);
	event.killedCount = add(event.killedCount, killed);
	event.missing = record.missing;
	event.limit = record.limit ?? event.limit;
	for (const one of record.blocked) addTally(event.blocked, one);
	for (const one of record.allowed) addTally(event.allowed, one);
	for (const { name, comm, count } of record.names) addName(event.names, name, comm, count);
	for (const one of record.orphans) event.killed.unshift({ ...one, time: record.time });
	event.killed.length = Math.min(event.killed.length, MOST_KILLED);
}

/** A and AAAA of a name are one question. */
function addName(names: Event['names'], name: string, command: string, count: number): void {
	const known = names.find((one) => one.name === name && one.command === command);
	if (known !== undefined) known.count = Math.max(known.count, count);
	else if (names.length < MOST_TALLIES) names.push({ name, command, count });
}

function addTally(tallies: Tally[], blocked: Blocked): void {
	const command = commandOf(blocked);
	const where = destination({ ...blocked, protocol: 'tcp' });
	const known = tallies.find(
		(one) => one.command === command && one.destination === where && one.protocol === blocked.protocol,
	);
	if (known !== undefined) known.count = add(known.count, blocked.count);
	else if (tallies.length < MOST_TALLIES) {
		tallies.push({ command, destination: where, protocol: blocked.protocol, count: blocked.count });
	}
}
