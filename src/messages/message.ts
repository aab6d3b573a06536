import type { Attempt, Orphan, RunRecord } from '../records/schema.ts';
import { withoutVersion } from '../util/grammar.ts';

/** One message of a phase, which the hook prints. */
export interface Line {
	/** The Portage function that prints it. `die`: the reason why the phase was not started. */
	readonly verb: 'elog' | 'ewarn' | 'eqawarn' | 'die';
	readonly text: string;
	/** A key. During an emerge, only the first of all lines with the same key is printed. */
	readonly once?: string;
}

/** The number of lines per kind of message. `portcullis report` prints the rest. */
export const maxLines = 8;

/** A line for each of the first items, and a last line with the number of the others. `count` is the number of all items. */
export function capLines<Item>(
	record: RunRecord,
	items: readonly Item[],
	count: number,
	toLine: (item: Item) => Line,
): Line[] {
	const lines = items.slice(0, maxLines).map(toLine);
	const last = lines.at(-1);
	if (last === undefined || count <= lines.length) return lines;
	const text = `${subject(record)}: ${count - lines.length} more such messages. To list them, run: portcullis report ${withoutVersion(record.package)}`;
	return [...lines, { verb: last.verb, text }];
}

/** The beginning of a message: package and phase. */
export function subject({ package: cpv, phase }: RunRecord): string {
	return `Portcullis: ${cpv}: src_${phase}`;
}

/** The command line, or the process name if there is none. At most 100 characters. */
export function commandOf({ argv, comm }: Pick<Orphan, 'argv' | 'comm'>): string {
	const command = argv.length > 0 ? argv.join(' ') : comm;
	return command.length > 100 ? `${command.slice(0, 99)}…` : command;
}

/** 198.51.100.7:443, [2001:db8::1]:53 (udp) */
export function destination({ address, port, protocol }: Attempt): string {
	return `${address.includes(':') ? `[${address}]` : address}:${port}${protocol === 'tcp' ? '' : ` (${protocol})`}`;
}
