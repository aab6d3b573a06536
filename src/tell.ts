import { features } from './features.ts';
import { wayOut } from './hook.ts';
import { confinements } from './phases.ts';
import type { Blocked, Orphan, RunRecord } from './record.ts';

export interface Line {
	/** Portage's function that says it; `die` is the reason why the phase was not started. */
	readonly verb: 'elog' | 'ewarn' | 'eqawarn' | 'die';
	readonly text: string;
	/** What is said once an emerge run, whichever package comes first. */
	readonly once?: string;
}

/** At most this many of a kind; the rest is in the record. */
const most = 8;

/**
 * What the user should hear about a phase. Nothing, where nothing happened. `refused`: confine did not start it, since
 * what was missing was demanded.
 */
export function tell(record: RunRecord, refused = false): Line[] {
	return [...missing(record, refused), ...limit(record), ...orphans(record), ...blocked(record)];
}

/** One line for Portage's functions, which hand their text to `echo -e`: nothing in it may be an escape or an end of line. */
export function render({ verb, text }: Line): string {
	// eslint-disable-next-line no-control-regex -- they come from command lines of the build, and go to a terminal
	return `${verb} ${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').replaceAll('\\', '\\\\')}`;
}

function missing(record: RunRecord, refused: boolean): Line[] {
	if (record.missing.length === 0) return [];
	const whys = [...new Set(record.missing.map(({ why }) => why))];
	const what = record.missing.map(({ what }) => name(what)).join(' and ');
	const reason = whys.join('; ');
	if (refused) return [{ verb: 'die', text: `${what} can't be had here: ${reason}` }];
	return [
		{
			verb: 'elog',
			text: `${subject(record)} is built without ${what}: ${reason}. What else needs that goes without it too, and this is said once an emerge; PORTCULLIS_ON_FAILURE=die in make.conf stops instead. ${wayOut}`,
			once: reason,
		},
	];
}

function limit(record: RunRecord): Line[] {
	if (record.limit === undefined) return [];
	return [{ verb: 'ewarn', text: `${subject(record)} was killed by its limit ${record.limit}` }];
}

function orphans(record: RunRecord): Line[] {
	return capped(record.orphans, record.orphanCount, (one) => ({
		verb: 'ewarn',
		text: `${subject(record)} left a process behind, and it was killed: ${commandOf(one)} (pid ${one.pid}, ${one.age.toFixed(0)} s old)`,
	}));
}

function blocked(record: RunRecord): Line[] {
	const lines = capped(record.blocked, record.blocked.length, (one) => ({
		verb: 'eqawarn',
		text: `${subject(record)}: ${commandOf(one)} tried ${destination(one)}, ${one.count === 1 ? 'once' : `${one.count} times`}`,
	}));
	const seen = record.blocked.reduce((sum, { count }) => sum + count, 0);
	const more = record.unreachable - seen;
	if (more <= 0) return lines;
	const text = seen === 0 ? `tried to reach the network ${more} times` : `tried ${more} more times`;
	return [...lines, { verb: 'eqawarn', text: `${subject(record)} ${text}` }];
}

function capped<One>(described: readonly One[], count: number, say: (one: One) => Line): Line[] {
	const lines = described.slice(0, most).map(say);
	const last = lines.at(-1);
	if (last === undefined || count <= lines.length) return lines;
	return [...lines, { verb: last.verb, text: `and ${count - lines.length} more of these: see records.jsonl` }];
}

function subject({ package: cpv, phase }: RunRecord): string {
	return `Portcullis: ${cpv}: src_${phase}`;
}

function name(what: string): string {
	const found = confinements.find((one) => one === what);
	return found === undefined ? what : features[found];
}

function commandOf({ argv, comm }: Orphan | Blocked): string {
	const command = argv.length > 0 ? argv.join(' ') : comm;
	return command.length > 100 ? `${command.slice(0, 99)}…` : command;
}

function destination({ address, port, protocol }: Blocked): string {
	return `${address.includes(':') ? `[${address}]` : address}:${port}${protocol === 'tcp' ? '' : ` (${protocol})`}`;
}
