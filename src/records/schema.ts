// SPDX-License-Identifier: GPL-2.0-or-later
import { isAddress, isDomainName, isPackage, isTime } from '../util/grammar.ts';
import { stripControls } from '../util/output.ts';
import { confinements, srcPhases } from '../rules/phases.ts';
import { ownSockets } from '../rules/settings.ts';

/** The words that privilege.c, record.c and options.c in native/ write to a record. A test compares these lists with the C code. */
export const modes = ['none', 'root', 'setuid', 'userns'] as const;
export const trackingMethods = [
	'none',
	'cgroup',
	'cgroup+pidns',
	'cgroup+portage',
	'pidns',
	'portage',
	'subreaper',
] as const;
export const limits = ['memory.max', 'pids.max', 'cpu.max'] as const;
export const routes = ['direct', 'socks', 'none'] as const;
export const ipcKinds = ['shm', 'sem', 'msg', 'mqueue'] as const;
const creators = ['confine', 'filter', 'portage', 'none'] as const;

/** Maximum number of elements that parseRecord() accepts in a list. If confine wrote longer lists (limits in supervisor.h and network_log.h), parseRecord() would reject its records. */
const MOST_ENTRIES = 256;
const MOST_TEXT = 512;

/** Largest numbers that parseRecord() accepts: limits of Linux (PID_MAX_LIMIT, SIGRTMAX), and values that no phase reaches. */
const MOST_PID = 2 ** 22;
const MOST_SIGNAL = 64;
const MOST_SECONDS = 1e9;
const MOST_BYTES = 2 ** 50;
const MOST_COUNT = 1e12;

const none: readonly never[] = [];
const nothing: Readonly<Record<string, string>> = {};

type Members = Readonly<Record<string, unknown>>;
/** Checks the value of the member `name` and returns it. Throws an Error if the value is invalid. */
type Check<Value> = (value: unknown, name: string) => Value;

const time = matching('a time', isTime);
const cpv = matching('a package', isPackage);
const domain = matching('a domain name', isDomainName);
const address = matching('an address', isAddress);
/** The kernel's name of a protocol, as read_protocol() in native/watcher/notification.c writes it, or "unknown". */
const protocol = matching('a protocol', (word) => /^[a-z0-9_-]{1,12}$/.test(word));
const recordType = matching('a record type', (word) => /^[A-Z]{1,5}$|^TYPE\d{1,5}$/.test(word));
const run = matching('PID-TICKS', (text) => /^(\d{1,10}-\d{1,20})?$/.test(text));
const phase = oneOf(srcPhases);
const mode = oneOf(modes);
const tracking = oneOf(trackingMethods);
const limit = oneOf(limits);
const route = oneOf(routes);
const creator = oneOf(creators);
const ipcKind = oneOf(ipcKinds);
const isolation = oneOf(confinements);
const sandboxOrSetting = oneOf([...confinements, ...limits, ownSockets]);
const yesOrNo = oneOf(['yes', 'no']);
const pid = integer(1, MOST_PID);
const exit = integer(0, 255);
const signal = integer(1, MOST_SIGNAL);
const port = integer(0, 65_535);
const count = integer(0, MOST_COUNT);
const bytes = integer(0, MOST_BYTES);
const seconds: Check<number> = (value, name) => {
	if (typeof value !== 'number' || !(value >= 0 && value <= MOST_SECONDS)) throw wrong(name, 'a number of seconds');
	return value;
};

function missingOf({ what, why }: Members, name: string) {
	return { what: sandboxOrSetting(what, `${name}.what`) as string, why: text(why, `${name}.why`) };
}

/** A process that was still running at the end of the command, and to which confine sent SIGKILL. */
export type Orphan = Readonly<ReturnType<typeof orphanOf>>;
function orphanOf(members: Members, name: string) {
	return {
		pid: pid(members.pid, `${name}.pid`),
		argv: optional(members.argv, `${name}.argv`, texts, none),
		comm: text(members.comm, `${name}.comm`),
		/** Seconds from its start to the teardown. */
		age: optional(members.age, `${name}.age`, seconds, 0),
		/** True if SIGKILL had not ended the process when confine wrote the record. */
		stuck: optional(members.stuck, `${name}.stuck`, isTrue, false),
	};
}

export type IpcObject = Readonly<ReturnType<typeof ipcObjectOf>>;
function ipcObjectOf(members: Members, name: string) {
	return {
		kind: ipcKind(members.kind, `${name}.kind`),
		/** Of a System V object: its key in hexadecimal, or `private` for IPC_PRIVATE. Of a POSIX message queue: its name. */
		name: text(members.name, `${name}.name`),
		/** Name of the process that created the object. */
		comm: text(members.comm, `${name}.comm`),
	};
}

/** The program that made an attempt, or that failed to install a seccomp listener. */
export type Program = Readonly<ReturnType<typeof programOf>>;
function programOf(members: Members, name: string) {
	return {
		comm: text(members.comm, `${name}.comm`),
		argv: optional(members.argv, `${name}.argv`, texts, none),
		/** The script that the program runs, if the program is an interpreter. */
		script: optional(members.script, `${name}.script`, text, undefined),
		/** The command lines of the program's ancestors, its parent first. */
		parents: optional(members.parents, `${name}.parents`, texts, none),
	};
}

const program: Check<Program> = (value, name) => programOf(object(value, name), name);

/** A program's attempts to reach one address and port: `count` is their number. */
export type Attempt = Readonly<ReturnType<typeof attemptOf>>;
function attemptOf(members: Members, name: string) {
	return {
		...programOf(members, name),
		address: address(members.address, `${name}.address`),
		port: port(members.port, `${name}.port`),
		protocol: protocol(members.protocol, `${name}.protocol`),
		count: count(members.count, `${name}.count`),
		/** True if the attempt was blocked although its destination is allowed, because the program had bound the socket to a local address. */
		bound: optional(members.bound, `${name}.bound`, isTrue, false),
	};
}

/** A program's connections and datagrams to a UNIX socket of the host. */
export type SocketRequest = Readonly<ReturnType<typeof requestOf>>;
function requestOf(members: Members, name: string) {
	return {
		...programOf(members, name),
		path: text(members.path, `${name}.path`),
		count: count(members.count, `${name}.count`),
		/** True if confine refused the requests (PORTCULLIS_SOCKETS=own). */
		refused: optional(members.refused, `${name}.refused`, isTrue, false),
	};
}

export type Lookup = Readonly<ReturnType<typeof lookupOf>>;
function lookupOf(members: Members, name: string) {
	return {
		...programOf(members, name),
		name: domain(members.name, `${name}.name`),
		/** The type of the query: A, AAAA, PTR, ... */
		type: recordType(members.type, `${name}.type`),
		count: count(members.count, `${name}.count`),
	};
}

/**
 * One line of records.jsonl, schema 1, as native/supervisor/record.c writes it. Members of group portage can write to that file, and
 * a build chooses many values. Therefore parseRecord() refuses a line if a value has a form that confine never writes, and replaces control
 * characters in free text.
 */
export type RunRecord = Readonly<ReturnType<typeof parseRecord>>;

/** Parses a line of records.jsonl. Ignores unknown members. If the line is invalid, throws an Error whose message has no text of it. */
export function parseRecord(line: string) {
	const record = object(json(line), 'the record');
	if (record.schema !== 1) throw new Error('the schema is not 1');
	const watched = optional(record.watched, 'watched', yesOrNo, '');
	const unreachable = optional(record.unreachable, 'unreachable', count, 0);
	return {
		/** Start time of the command that confine ran, ISO 8601 in UTC. */
		time: time(record.time, 'time'),
		/** The package as CATEGORY/PF, from `confine --label package=`; '' without this option. */
		package: optional(record.package, 'package', cpv, ''),
		/** The phase without src_, for example compile, from `confine --label phase=`; '' without this option. */
		phase: optional(record.phase, 'phase', phase, ''),
		/** PID and start time (clock ticks) of the emerge or ebuild(1) that ran the phase, from `confine --label run=PID-TICKS`; '' if unknown. */
		run: optional(record.run, 'run', run, ''),
		/** mode: how confine got its namespaces (root, setuid, userns, none). tracking: the method that made sure that no process outlived the phase. */
		mode: optional(record.mode, 'mode', mode, ''),
		tracking: optional(record.tracking, 'tracking', tracking, ''),
		/** For each requested or inherited sandbox, who made it: confine, portage or none. filter: a seccomp filter replaces the network namespace. */
		applied: optional(record.applied, 'applied', applied, nothing),
		/** True if the phase saw the /proc of the host, because the kernel refused to mount one for its PID namespace. */
		hostProc: record.proc === 'host',
		/** True if the phase had a private /dev/shm. */
		ownShm: record.shm === 'confine',
		/** The error that made a network namespace impossible, if applied.net is filter; otherwise ''. */
		filterWhy: optional(record.filter_why, 'filter_why', text, ''),
		/** In seconds. wall: elapsed time of the command. user, system: processor time of all its processes, in user space and in the kernel. */
		wall: optional(record.wall, 'wall', seconds, 0),
		user: optional(record.user, 'user', seconds, 0),
		system: optional(record.system, 'system', seconds, 0),
		/** Peak memory in bytes: that of the phase's cgroup or, without a cgroup, that of the largest process. */
		memoryPeak: optional(record.memory_peak, 'memory_peak', bytes, 0),
		/** The requested sandboxes, limits and settings that were not available, each with the reason. */
		missing: list(record.missing, 'missing', missingOf),
		status: status(record.status, 'status'),
		orphans: list(record.orphans, 'orphans', orphanOf),
		/** Number of orphans, including orphans for which the list `orphans` has no room. */
		orphanCount: optional(record.orphan_count, 'orphan_count', count, 0),
		/** The IPC objects that the phase had created and left, and that confine removed, because no IPC namespace could be made. */
		ipcObjects: list(record.ipc_objects, 'ipc_objects', ipcObjectOf),
		/** Number of IPC objects that confine removed, including objects for which the list `ipcObjects` has no room. */
		ipcObjectCount: optional(record.ipc_object_count, 'ipc_object_count', count, 0),
		blocked: list(record.blocked, 'blocked', attemptOf),
		/** Attempts that nothing blocked, because the network of the phase was not isolated, for example with PORTCULLIS_AUDIT=only. */
		observed: list(record.observed, 'observed', attemptOf),
		allowed: list(record.allowed, 'allowed', attemptOf),
		/** Requests to UNIX sockets of the host, which the phase had not bound. */
		sockets: list(record.sockets, 'sockets', requestOf),
		/** The route of allowed connections: direct, socks, or none if Portcullis cannot make any; undefined without PORTCULLIS_ALLOW. */
		route: optional(record.route, 'route', route, undefined),
		/** The reason why `route` is none; '' for another route, or if Portage isolated the network and started no proxy. */
		routeWhy: optional(record.route_why, 'route_why', text, ''),
		/** Number of packets for which the network of the phase had no route, as counted by the kernel. */
		unreachable,
		/** yes: the watcher inspected the network calls of the phase. no: it did not, for the reason in watchedWhy. '': confine ran without --audit. */
		watched,
		watchedWhy: optional(record.watched_why, 'watched_why', text, ''),
		/** Number of packets without a route whose sending program is unknown. */
		unattributed: optional(record.unattributed, 'unattributed', count, watched === '' ? unreachable : 0),
		names: list(record.names, 'names', lookupOf),
		/** Number of network system calls whose arguments confine could not read (unreadableWhy: the reason). Some of these calls may have been attempts. */
		unreadable: optional(record.unreadable, 'unreadable', count, 0),
		unreadableWhy: optional(record.unreadable_why, 'unreadable_why', text, ''),
		/** The program of the phase that could not install a seccomp listener, because the kernel permits only one and confine has it; undefined: none. */
		listenerRefused: optional(record.listener_refused, 'listener_refused', program, undefined),
		/** The limit that the command exceeded, named by its cgroup file: memory.max, pids.max; undefined if it exceeded none. */
		limit: optional(record.limit_hit, 'limit_hit', limit, undefined),
		/** True if `limit` belongs to the cgroup in which confine was started, so that the limit covers more processes than this phase. */
		limitInherited: optional(record.limit_inherited, 'limit_inherited', isTrue, false),
	};
}

/** Calls JSON.parse(), and replaces its error, because this error would contain a part of the line. */
function json(line: string): unknown {
	try {
		return JSON.parse(line);
	} catch {
		throw new Error('the line is not JSON');
	}
}

function status(value: unknown, name: string): { readonly exit: number } | { readonly signal: number } {
	const members = object(value, name);
	const killedBy = optional(members.signal, `${name}.signal`, signal, undefined);
	return killedBy === undefined ? { exit: exit(members.exit, `${name}.exit`) } : { signal: killedBy };
}

function applied(value: unknown, name: string): Readonly<Record<string, string>> {
	const members = object(value, name);
	for (const what of Object.keys(members)) {
		isolation(what, name);
		creator(members[what], name);
	}
	return members as Readonly<Record<string, string>>;
}

/** Parses free text: shortens it and replaces control characters. Accepts every string, so that a build cannot make its record invalid. */
function text(value: unknown, name: string): string {
	if (typeof value !== 'string') throw wrong(name, 'a string');
	return stripControls(value.slice(0, MOST_TEXT));
}

/** Parses the words of a command line, and shortens them to the limits of native/target/target.h. */
function texts(value: unknown, name: string): string[] {
	if (!Array.isArray(value)) throw wrong(name, 'a list');
	const found: string[] = [];
	for (let room = MOST_TEXT, at = 0; at < value.length && room > 0; at++) {
		const word = text(value[at], name).slice(0, room);
		found.push(word);
		room -= word.length + 1;
	}
	return found;
}

function optional<Value, Default>(
	value: unknown,
	name: string,
	check: Check<Value>,
	otherwise: Default,
): Value | Default {
	return value === undefined ? otherwise : check(value, name);
}

function list<Value>(
	value: unknown,
	name: string,
	parse: (members: Members, name: string) => Value,
): readonly Readonly<Value>[] {
	if (value === undefined) return none;
	if (!Array.isArray(value) || value.length > MOST_ENTRIES) throw wrong(name, `a list of at most ${MOST_ENTRIES}`);
	return value.map((element) => parse(object(element, name), name));
}

function isTrue(value: unknown, name: string): boolean {
	if (value !== true) throw wrong(name, 'true');
	return true;
}

function matching(what: string, test: (text: string) => boolean): Check<string> {
	return (value, name) => {
		if (typeof value !== 'string' || !test(value)) throw wrong(name, what);
		return value;
	};
}

function oneOf<Word extends string>(words: readonly Word[]): Check<Word> {
	const known = new Map<unknown, Word>(words.map((word) => [word, word]));
	return (value, name) => {
		const word = known.get(value);
		if (word === undefined) throw wrong(name, `one of ${words.join(', ')}`);
		return word;
	};
}

function integer(least: number, most: number): Check<number> {
	return (value, name) => {
		if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
			throw wrong(name, `an integer from ${least} to ${most}`);
		return value;
	};
}

function object(value: unknown, name: string): Members {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object');
	return value as Members;
}

function wrong(name: string, wanted: string): Error {
	return new Error(`${name} is not ${wanted}`);
}
