import type { Blocked, Orphan, RunRecord } from '../records/schema.ts';

export interface Line {
	/** Portage's function that says it; `die` is the reason why the phase was not started. */
	readonly verb: 'elog' | 'ewarn' | 'eqawarn' | 'die';
	readonly text: string;
	/** What is said once an emerge run, whichever package comes first. */
	readonly once?: string;
}

/** At most this many of a kind; the rest is in the record. */
export const most = 8;

/** A line each for the first of these, and one for the rest of count. */
export function capped<One>(described: readonly One[], count: number, say: (one: One) => Line): Line[] {
	const lines = described.slice(0, most).map(say);
	const last = lines.at(-1);
	if (last === undefined || count <= lines.length) return lines;
	return [...lines, { verb: last.verb, text: `and ${count - lines.length} more of these: see records.jsonl` }];
}

/** Which phase of which package. */
export function subject({ package: cpv, phase }: RunRecord): string {
	return `Portcullis: ${cpv}: src_${phase}`;
}

/** The command line, or the name where there is none, of one line at most. */
export function commandOf({ argv, comm }: Pick<Orphan, 'argv' | 'comm'>): string {
	const command = argv.length > 0 ? argv.join(' ') : comm;
	return command.length > 100 ? `${command.slice(0, 99)}…` : command;
}

/** 198.51.100.7:443, [2001:db8::1]:53 (udp) */
export function destination({ address, port, protocol }: Blocked): string {
	return `${address.includes(':') ? `[${address}]` : address}:${port}${protocol === 'tcp' ? '' : ` (${protocol})`}`;
}
