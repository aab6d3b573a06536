import { installation } from '../installation/locate.ts';
import { shellCommand } from '../installation/paths.ts';
import type { Attempt, Orphan, RunRecord } from '../records/schema.ts';
import { quote } from '../util/environment.ts';
import { withoutVersion } from '../util/grammar.ts';

/** One message of a phase, which the hook prints. */
export interface Line {
	/** The Portage function that prints it. `die`: the reason why the phase was not started. */
	readonly verb: 'elog' | 'ewarn' | 'eqawarn' | 'die';
	readonly text: string;
	/** A sentence with the command that prints more. It needs the record in the log, which `portcullis run` does not write. */
	readonly details?: string;
	/** A key. During an emerge, only the first of all lines with the same key is printed. */
	readonly once?: string;
}

/** The beginning of a message: package and phase. */
export function subject({ package: cpv, phase }: RunRecord): string {
	return `Portcullis: ${cpv}: src_${phase}`;
}

/** A command line of portcullis that the user can paste into a shell. */
export function portcullis(...words: readonly string[]): string {
	return [shellCommand(installation().eprefix), ...words.map(quote)].join(' ');
}

export function reportDetails({ package: cpv }: RunRecord): string {
	return `Details: ${portcullis('report', withoutVersion(cpv))}`;
}

/** The first items, and the number of the others: `a, b +50`. `total` counts items that the list may lack. */
export function firstOf(items: readonly string[], most: number, separator = ', ', total = items.length): string {
	const first = items.slice(0, most);
	return first.join(separator) + (total > first.length ? ` +${total - first.length}` : '');
}

/** a, b and c */
export function enumerate(items: readonly string[]): string {
	return [items.slice(0, -1).join(', '), items.at(-1) ?? ''].filter(Boolean).join(' and ');
}

/** The options of shells and other interpreters whose argument is a program text, such as `bash -ec TEXT`. */
const textOption = /^-[a-z]*[ce]$/;

/** The command line without program texts, or the process name if there is none. */
export function commandOf({ argv, comm }: Pick<Orphan, 'argv' | 'comm'>): string {
	const isText = (word: string, at: number) => textOption.test(argv[at - 1] ?? '') && /[^\w./:=@%+,-]/.test(word);
	return oneLine(argv.length > 0 ? argv.map((word, at) => (isText(word, at) ? '…' : word)).join(' ') : comm);
}

/** Collapses whitespace, and cuts the text to 60 characters. */
export function oneLine(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

/** 198.51.100.7:443, [2001:db8::1]:53 (udp) */
export function destination({ address, port, protocol }: Attempt): string {
	return `${address.includes(':') ? `[${address}]` : address}:${port}${protocol === 'tcp' ? '' : ` (${protocol})`}`;
}
