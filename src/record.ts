/** A line of records.jsonl, schema 1, as confine writes it. What wasn't asked for is absent. */
export interface RunRecord {
	/** When the command began, as ISO 8601 has it, in UTC; '' where the record has no time. */
	readonly time: string;
	readonly package: string;
	readonly phase: string;
	/** confine's way in, and who saw that nothing outlived the phase. */
	readonly mode: string;
	readonly keeper: string;
	/** What was asked for, each with who made it: confine, portage or none. */
	readonly had: Readonly<Record<string, string>>;
	/** in seconds; user and system time of all processes together */
	readonly wall: number;
	readonly user: number;
	readonly system: number;
	/** in bytes */
	readonly memoryPeak: number;
	readonly processes: number;
	/** Asked for and not had, each with the reason. */
	readonly missing: readonly { readonly what: string; readonly why: string }[];
	readonly status: { readonly exit: number } | { readonly signal: number };
	readonly orphans: readonly Orphan[];
	/** All of them, described or not. */
	readonly orphanCount: number;
	readonly blocked: readonly Blocked[];
	/** Connections that PORTCULLIS_ALLOW let through. */
	readonly allowed: readonly Allowed[];
	/** From where they were made; nowhere: what should have been let through could not be. undefined: none was to be. */
	readonly through: string | undefined;
	/** Why from nowhere, where that is not Portage's doing; '' where it is. */
	readonly throughWhy: string;
	/** Attempts without a way out that the kernel counted. */
	readonly unreachable: number;
	/** What the kernel counted and the audit did not see. */
	readonly unseen: number;
	readonly names: readonly Name[];
	/** Attempts that nothing blocked, as nothing was isolated (PORTCULLIS_AUDIT=only). */
	readonly tried: readonly Blocked[];
	/** Who asked for a listener of seccomp's and was refused, as the audit has it. */
	readonly listenerRefused: Program | undefined;
	/** The limit that ended the command, as the kernel names it. */
	readonly limit: string | undefined;
}

export interface Orphan {
	readonly pid: number;
	readonly argv: readonly string[];
	readonly comm: string;
	/** in seconds */
	readonly age: number;
	/** Not even SIGKILL had ended it when the record was written. */
	readonly stuck?: true;
}

/** Who did something. */
export interface Program {
	readonly comm: string;
	readonly argv: readonly string[];
	/** What the interpreter runs, where it is one. */
	readonly script: string | undefined;
	/** The command lines of its parents, nearest first. */
	readonly parents: readonly string[];
}

/** A name that was looked up. */
export interface Name extends Program {
	readonly name: string;
	/** A, AAAA, PTR and so on */
	readonly type: string;
	readonly count: number;
}

export interface Blocked extends Program {
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
	readonly count: number;
	/** It may be reached, but not from the address that the socket was bound to. */
	readonly bound?: true;
}

export interface Allowed extends Blocked {
	/** How many of them ended with an error at once. */
	readonly failed: number;
}

/** Reads one line. An error says what is wrong with it; members that we don't know are passed over. */
export function parseRecord(line: string): RunRecord {
	const record = object(JSON.parse(line), 'the record');
	if (record['schema'] !== 1) throw new Error(`the record's schema is ${JSON.stringify(record['schema'])}, not 1`);
	return {
		time: text(record['time'] ?? '', 'time'),
		package: text(record['package'] ?? '', 'package'),
		phase: text(record['phase'] ?? '', 'phase'),
		mode: text(record['mode'] ?? '', 'mode'),
		keeper: text(record['keeper'] ?? '', 'keeper'),
		had: Object.fromEntries(
			Object.entries(object(record['had'] ?? {}, 'had')).map(([what, maker]) => [what, text(maker, `had.${what}`)]),
		),
		wall: number(record['wall'] ?? 0, 'wall'),
		user: number(record['user'] ?? 0, 'user'),
		system: number(record['system'] ?? 0, 'system'),
		memoryPeak: number(record['memory_peak'] ?? 0, 'memory_peak'),
		processes: number(record['processes'] ?? 0, 'processes'),
		missing: list(record['missing'], 'missing').map((one) => ({
			what: text(one['what'], 'missing.what'),
			why: text(one['why'], 'missing.why'),
		})),
		status: statusOf(record['status']),
		orphans: list(record['orphans'], 'orphans').map((one) => ({
			pid: number(one['pid'], 'orphans.pid'),
			argv: texts(one['argv'], 'orphans.argv'),
			comm: text(one['comm'], 'orphans.comm'),
			age: number(one['age'] ?? 0, 'orphans.age'),
			...(one['stuck'] === true ? { stuck: true } : {}),
		})),
		orphanCount: number(record['orphan_count'] ?? 0, 'orphan_count'),
		blocked: attemptsOf(record['blocked'], 'blocked'),
		tried: attemptsOf(record['tried'], 'tried'),
		allowed: list(record['allowed'], 'allowed').map((one) => ({
			...attemptOf(one, 'allowed'),
			failed: number(one['failed'] ?? 0, 'allowed.failed'),
		})),
		through: record['through'] === undefined ? undefined : text(record['through'], 'through'),
		throughWhy: text(record['through_why'] ?? '', 'through_why'),
		unreachable: number(record['unreachable'] ?? 0, 'unreachable'),
		unseen: number(record['unseen'] ?? (record['watched'] === undefined ? record['unreachable'] : 0) ?? 0, 'unseen'),
		names: list(record['names'], 'names').map((one) => ({
			...programOf(one, 'names'),
			name: text(one['name'], 'names.name'),
			type: text(one['type'], 'names.type'),
			count: number(one['count'], 'names.count'),
		})),
		listenerRefused:
			record['listener_refused'] === undefined
				? undefined
				: programOf(object(record['listener_refused'], 'listener_refused'), 'listener_refused'),
		limit: record['limit_hit'] === undefined ? undefined : text(record['limit_hit'], 'limit_hit'),
	};
}

function attemptsOf(value: unknown, name: string): Blocked[] {
	return list(value, name).map((one) => attemptOf(one, name));
}

function attemptOf(one: Readonly<Record<string, unknown>>, name: string): Blocked {
	return {
		...programOf(one, name),
		address: text(one['address'], `${name}.address`),
		port: number(one['port'], `${name}.port`),
		protocol: text(one['protocol'], `${name}.protocol`),
		count: number(one['count'], `${name}.count`),
		...(one['bound'] === true ? { bound: true } : {}),
	};
}

function programOf(one: Readonly<Record<string, unknown>>, name: string): Program {
	return {
		comm: text(one['comm'], `${name}.comm`),
		argv: texts(one['argv'], `${name}.argv`),
		script: one['script'] === undefined ? undefined : text(one['script'], `${name}.script`),
		parents: texts(one['parents'], `${name}.parents`),
	};
}

function statusOf(value: unknown): RunRecord['status'] {
	const status = object(value, 'status');
	return 'signal' in status
		? { signal: number(status['signal'], 'status.signal') }
		: { exit: number(status['exit'], 'status.exit') };
}

function object(value: unknown, name: string): Readonly<Record<string, unknown>> {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object', value);
	return value as Record<string, unknown>;
}

function list(value: unknown, name: string): Readonly<Record<string, unknown>>[] {
	if (value === undefined) return [];
	if (!Array.isArray(value)) throw wrong(name, 'a list', value);
	return value.map((one) => object(one, name));
}

function texts(value: unknown, name: string): string[] {
	if (value === undefined) return [];
	if (!Array.isArray(value)) throw wrong(name, 'a list', value);
	return value.map((one) => text(one, name));
}

function text(value: unknown, name: string): string {
	if (typeof value !== 'string') throw wrong(name, 'a string', value);
	return value;
}

function number(value: unknown, name: string): number {
	if (typeof value !== 'number') throw wrong(name, 'a number', value);
	return value;
}

function wrong(name: string, wanted: string, value: unknown): Error {
	const found = value === undefined ? 'absent' : JSON.stringify(value);
	return new Error(`in the record ${name} should be ${wanted} and is ${found}`);
}
