import type { Blocked, Name, Program, RunRecord } from '../records/schema.ts';
import { hintsFor } from './hints.ts';
import { capped, commandOf, destination, subject, type Line } from './message.ts';

/** More advice than that is none. */
const mostHints = 3;

/**
 * Whom the phase tried to reach, which names it looked up, and, where it failed, what to do about it. A phase that tried nothing has
 * nothing said about it.
 */
export function networkMessages(record: RunRecord): Line[] {
	const { names, unattributed } = record;
	const attempts = [...record.blocked, ...record.observed];
	const said = sentences(names, attempts);
	const verb = failed(record) ? 'ewarn' : 'eqawarn';
	const lines = capped(said, said.length, (text) => ({ verb, text: `${subject(record)}: ${text}` }));
	if (unattributed > 0) lines.push({ verb, text: `${subject(record)}: ${beyond(unattributed, said.length > 0)}` });
	if (record.observed.length > 0) {
		const why = record.missing.some(({ what }) => what === 'net')
			? "as network-sandbox can't be had here"
			: 'as PORTCULLIS_AUDIT=only isolates nothing; network-sandbox would block these';
		lines.push({ verb, text: `${subject(record)}: nothing was blocked, ${why}` });
	} else if (failed(record) && lines.length > 0) {
		lines.push(...advice(record, [...names, ...attempts]));
	}
	return [...lines, ...nowhere(record), ...listener(record)];
}

const boundText =
	', from an address that the socket was bound to: PORTCULLIS_ALLOW lets it through only where it was not';

/** What was to be let through and could not be, since whoever makes the connections is cut off as well. */
function nowhere(record: RunRecord): Line[] {
	if (record.route !== 'none') return [];
	const why =
		(record.routeWhy && `${record.routeWhy}. portcullis doctor says whether this machine is in the way`) ||
		'as root Portage itself has isolated the network, and started no proxy for what is outside. FEATURES="network-sandbox-proxy" makes it start one (FEATURES="distcc" does too)';
	const text = `PORTCULLIS_ALLOW let nothing through: ${why}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}`, once: text }];
}

/** A line for each destination and each name; one for both where a program has one of each. */
function sentences(names: readonly Name[], attempts: readonly Blocked[]): string[] {
	const programs = new Map<string, { names: string[]; tried: string[] }>();
	const of = (program: Program) => {
		const name = label(program);
		const known = programs.get(name) ?? { names: [], tried: [] };
		programs.set(name, known);
		return known;
	};
	for (const name of lookups(names)) of(name).names.push(`looked up ${name.text}`);
	for (const one of attempts)
		of(one).tried.push(`tried ${destination(one)}${times(one.count)}${one.bound === true ? boundText : ''}`);
	return [...programs].flatMap(([name, { names, tried }]) =>
		names.length === 1 && tried.length === 1
			? [`${name} ${names.join()} and ${tried.join()}`]
			: [...names, ...tried].map((what) => `${name} ${what}`),
	);
}

/** Both kinds of address are asked for as one; how often is only said of what is asked for again. */
function lookups(names: readonly Name[]): (Program & { text: string })[] {
	const addresses = new Map<string, Name>();
	for (const one of names) {
		const kind = isAddress(one.type) ? '' : one.type;
		const key = [label(one), one.name, kind].join('\0');
		const known = addresses.get(key);
		if (known === undefined || known.count < one.count) addresses.set(key, one);
	}
	return [...addresses.values()].map((one) => {
		const kind = isAddress(one.type) ? '' : ` (${one.type})`;
		return { ...one, text: `${one.name}${kind}${one.count > 1 ? times(one.count) : ''}` };
	});
}

function isAddress(type: string): boolean {
	return type === 'A' || type === 'AAAA';
}

function times(count: number): string {
	if (count === 1) return ', once';
	return count === 2 ? ', twice' : `, ${count} times`;
}

/** python3.13 (tests/test_http.py), or the command line. */
function label(program: Program): string {
	const { comm, script } = program;
	if (script === undefined) return commandOf(program);
	const short = script.startsWith('/') ? script.split('/').slice(-2).join('/') : script;
	return comm === short.split('/').at(-1) ? short : `${comm} (${short})`;
}

function beyond(unattributed: number, more: boolean): string {
	const count = unattributed === 1 ? 'once' : `${unattributed} times`;
	return more
		? `something tried ${count} more; the kernel counted it, and nothing saw who`
		: `something tried ${count} to reach what has no route; the kernel counted it, and nothing saw who`;
}

function failed({ status }: RunRecord): boolean {
	return 'signal' in status || status.exit !== 0;
}

function advice(record: RunRecord, programs: readonly Program[]): Line[] {
	const { phase } = record;
	const known = hintsFor(programs).slice(0, mostHints);
	const general =
		phase === 'test'
			? 'leave out the tests that need a network, or let src_test have it with PROPERTIES="test_network"'
			: 'what a build fetches belongs into SRC_URI';
	return [
		...known.map(({ fetcher, instead }) => `What Gentoo does about ${fetcher}: ${instead}`),
		`${known.length > 0 ? 'Else' : 'If that is why it failed'}: ${general}. \`portcullis allow ${atom(record)}\` prints the lines of package.env that let it through; RESTRICT="network-sandbox" in the ebuild does for everybody.`,
	].map((text) => ({ verb: 'ewarn', text }));
}

function listener(record: RunRecord): Line[] {
	if (record.listenerRefused === undefined) return [];
	const what = `${label(record.listenerRefused)} wanted to watch system calls itself and could not, as they are watched already`;
	// With a list they are watched whatever the audit is, since the watcher lets through.
	const off = 'PORTCULLIS_AUDIT="off" in its package.env lets it, with PORTCULLIS_ALLOW="" where that names something';
	return [{ verb: 'ewarn', text: `${subject(record)}: ${what}. ${off}.` }];
}

/** CATEGORY/PN of CATEGORY/PF: the version starts at the last hyphen before a digit, a revision aside (PMS 3.2). */
function atom({ package: cpv }: RunRecord): string {
	return cpv.replace(/-[0-9][^-/]*(-r[0-9]+)?$/, '');
}
