/** A line of records.jsonl, schema 1, as confine writes it. What wasn't asked for is absent. */
export interface RunRecord {
	readonly package: string;
	readonly phase: string;
	/** Asked for and not had, each with the reason. */
	readonly missing: readonly { readonly what: string; readonly why: string }[];
	readonly status: { readonly exit: number } | { readonly signal: number };
	readonly orphans: readonly Orphan[];
	/** All of them, described or not. */
	readonly orphanCount: number;
	readonly blocked: readonly Blocked[];
	/** Attempts without a way out that the kernel counted. */
	readonly unreachable: number;
	/** The limit that ended the command, as the kernel names it. */
	readonly limit: string | undefined;
}

export interface Orphan {
	readonly pid: number;
	readonly argv: readonly string[];
	readonly comm: string;
	/** in seconds */
	readonly age: number;
}

export interface Blocked {
	readonly comm: string;
	readonly argv: readonly string[];
	readonly address: string;
	readonly port: number;
	readonly protocol: string;
	readonly count: number;
}

/** Reads one line. An error says what is wrong with it; members that we don't know are passed over. */
export function parseRecord(line: string): RunRecord {
	const record = object(JSON.parse(line), 'the record');
	if (record['schema'] !== 1) throw new Error(`the record's schema is ${JSON.stringify(record['schema'])}, not 1`);
	return {
		package: text(record['package'] ?? '', 'package'),
		phase: text(record['phase'] ?? '', 'phase'),
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
		})),
		orphanCount: number(record['orphan_count'] ?? 0, 'orphan_count'),
		blocked: list(record['blocked'], 'blocked').map((one) => ({
			comm: text(one['comm'], 'blocked.comm'),
			argv: texts(one['argv'], 'blocked.argv'),
			address: text(one['address'], 'blocked.address'),
			port: number(one['port'], 'blocked.port'),
			protocol: text(one['protocol'], 'blocked.protocol'),
			count: number(one['count'], 'blocked.count'),
		})),
		unreachable: number(record['unreachable'] ?? 0, 'unreachable'),
		limit: record['limit_hit'] === undefined ? undefined : text(record['limit_hit'], 'limit_hit'),
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
	return new Error(`in the record ${name} should be ${wanted} and is ${JSON.stringify(value) ?? 'absent'}`);
}
