import type { Attempt, Lookup, Program, RunRecord } from '../records/schema.ts';
import { withoutVersion } from '../util/grammar.ts';
import { hintsFor } from './hints.ts';
import { capLines, commandOf, destination, subject, type Line } from './message.ts';

const maxHints = 3;

/**
 * The network access of a phase: destinations, host names and, if the phase failed, hints for the ebuild. No lines for a phase without
 * network access.
 */
export function networkMessages(record: RunRecord): Line[] {
	const { names, unattributed } = record;
	const attempts = [...record.blocked, ...record.observed];
	const sentences = accessSentences(names, attempts);
	const verb = failed(record) ? 'ewarn' : 'eqawarn';
	const lines = capLines(record, sentences, sentences.length, (text) => ({
		verb,
		text: `${subject(record)}: ${text}`,
	}));
	if (unattributed > 0)
		lines.push({ verb, text: `${subject(record)}: ${unknownSender(unattributed, sentences.length > 0)}` });
	if (record.observed.length > 0) {
		const reason = record.missing.some(({ what }) => what === 'net')
			? 'network-sandbox is not available here. To find the cause, run: portcullis doctor'
			: 'PORTCULLIS_AUDIT="only" only records. To block these attempts, set PORTCULLIS_AUDIT="on"';
		lines.push({ verb, text: `${subject(record)}: nothing was blocked: ${reason}` });
	} else if (failed(record) && lines.length > 0) {
		lines.push(...advice(record, [...names, ...attempts]));
	}
	return [...lines, ...noRoute(record), ...listener(record)];
}

const boundText = ', from a socket that is bound to a local address (PORTCULLIS_ALLOW covers only unbound sockets)';

/** PORTCULLIS_ALLOW is set, and Portcullis could not open connections for the phase. */
function noRoute(record: RunRecord): Line[] {
	if (record.route !== 'none') return [];
	const reason =
		record.routeWhy === ''
			? 'Portage itself isolated the network, as it does for root. To start the proxy of Portage, set FEATURES="network-sandbox-proxy" in make.conf'
			: `${record.routeWhy}. To find the cause, run: portcullis doctor`;
	const text = `PORTCULLIS_ALLOW had no effect: ${reason}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}`, once: text }];
}

/** A sentence for each destination and each host name. One sentence for both if a program has exactly one of each. */
function accessSentences(names: readonly Lookup[], attempts: readonly Attempt[]): string[] {
	const programs = new Map<string, { names: string[]; tried: string[] }>();
	const of = (program: Program) => {
		const name = label(program);
		const known = programs.get(name) ?? { names: [], tried: [] };
		programs.set(name, known);
		return known;
	};
	for (const name of lookups(names)) of(name).names.push(`looked up ${name.text}`);
	for (const one of attempts)
		of(one).tried.push(`tried to reach ${destination(one)}${times(one.count)}${one.bound === true ? boundText : ''}`);
	return [...programs].flatMap(([name, { names, tried }]) =>
		names.length === 1 && tried.length === 1
			? [`${name} ${names.join()} and ${tried.join()}`]
			: [...names, ...tried].map((what) => `${name} ${what}`),
	);
}

/** Merges queries for A and AAAA of one name. The text has a count if a query was repeated. */
function lookups(names: readonly Lookup[]): (Program & { text: string })[] {
	const addresses = new Map<string, Lookup>();
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

/** The kernel counts all packets without a route. `count` of them match no observed system call. */
function unknownSender(count: number, more: boolean): string {
	return `${count} ${more ? 'more ' : ''}${count === 1 ? 'packet' : 'packets'} had no route. The sending process is unknown.`;
}

function failed({ status }: RunRecord): boolean {
	return 'signal' in status || status.exit !== 0;
}

function advice(record: RunRecord, programs: readonly Program[]): Line[] {
	const known = hintsFor(programs).slice(0, maxHints);
	const fix =
		record.phase === 'test'
			? 'skip the tests that need a network, or set PROPERTIES="test_network"'
			: 'add the downloads to SRC_URI, or set RESTRICT="network-sandbox"';
	return [
		...known.map(({ fetcher, advice }) => `Hint for ${fetcher}: ${advice}`),
		`If this caused the failure, fix the ebuild: ${fix}. For settings that allow the access here, run: portcullis allow ${withoutVersion(record.package)}`,
	].map((text) => ({ verb: 'ewarn', text }));
}

/** PORTCULLIS_AUDIT and PORTCULLIS_ALLOW both install a seccomp listener, so the fix disables both. */
function listener(record: RunRecord): Line[] {
	if (record.listenerRefused === undefined) return [];
	const text = `${label(record.listenerRefused)} could not install a seccomp listener, because Portcullis already has one. In package.env, set PORTCULLIS_AUDIT="off" PORTCULLIS_ALLOW=""`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}` }];
}
