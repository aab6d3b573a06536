// SPDX-License-Identifier: GPL-2.0-or-later
import type { Lookup, Program, RunRecord } from '../records/schema.ts';
import { addWords } from '../portage/make_conf.ts';
import { features, proxyFeatures } from '../rules/features.ts';
import { withoutVersion } from '../util/grammar.ts';
import { count, sumOf } from '../util/units.ts';
import { ebuildFixes, hintsFor } from './hints.ts';
import { destination, firstOf, inPackageEnv, label, portcullis, reportDetails, subject, type Line } from './message.ts';

/** Maximum numbers of programs in a message, of destinations of each program, and of hints. */
const maxPrograms = 3;
const maxTargets = 2;
const maxHints = 3;

export function networkMessages(record: RunRecord): Line[] {
	return [
		...attemptLines(record),
		...boundSockets(record),
		...noRoute(record),
		...uninspected(record),
		...listener(record),
	];
}

function attemptLines(record: RunRecord): Line[] {
	const calls = [...record.blocked, ...record.observed];
	const tried = [...mergeLookups(record.names), ...calls.map((call) => ({ ...call, target: destination(call) }))];
	// The kernel counts packets without a route. The watcher, a process of confine that inspects system calls, records attempts with the
	// name of the program. If it recorded fewer attempts than there were packets, unknown programs sent the other packets.
	const unknown = Math.max(record.unreachable - sumOf(calls, (one) => one.count), record.unattributed);
	const total = sumOf(tried, (one) => one.count) + unknown;
	if (total === 0) return [];
	const targets = new Map<string, Set<string>>();
	for (const one of tried) targets.set(label(one), (targets.get(label(one)) ?? new Set()).add(one.target));
	const programs = [...targets].map(([program, found]) => `${program} → ${firstOf([...found], maxTargets)}`);
	const list = [
		...(programs.length > 0 ? [firstOf(programs, maxPrograms, '; ')] : []),
		...(unknown > 0 ? [`${count(unknown, 'packet')} of unknown programs`] : []),
	].join('; ');
	// A record lists attempts either all as `blocked` or, if the network of the phase was not isolated, all as `observed` (add_attempts()
	// in record.c). So an empty `observed` means that the attempts were blocked.
	const isBlocked = record.observed.length === 0;
	const reason = record.applied['net'] === 'none' ? `without ${features.net}` : 'under PORTCULLIS_AUDIT="only"';
	const outcome = isBlocked ? 'blocked' : `not blocked ${reason}`;
	const text = `${subject(record)}: ${count(total, 'attempt')} ${outcome} (${list})`;
	return [
		{ verb: failed(record) ? 'ewarn' : 'elog', text, details: reportDetails(record) },
		...(isBlocked && failed(record) ? fixes(record, tried) : []),
	];
}

/** Merges A and AAAA queries of a program for one name, because one lookup sends both. The count becomes the larger of the two counts. */
export function mergeLookups(names: readonly Lookup[]): (Lookup & { readonly target: string })[] {
	const merged = new Map<string, Lookup & { readonly target: string }>();
	for (const one of names) {
		const target = ['A', 'AAAA'].includes(one.type) ? one.name : `${one.name} (${one.type})`;
		const key = [label(one), ...one.argv, target].join('\0');
		if ((merged.get(key)?.count ?? 0) < one.count) merged.set(key, { ...one, target });
	}
	return [...merged.values()];
}

function failed({ status }: RunRecord): boolean {
	return 'signal' in status || status.exit !== 0;
}

/** Returns advice for the user, and for the author of the ebuild, about blocked attempts. */
function fixes(record: RunRecord, programs: readonly Program[]): Line[] {
	return [
		`  To allow the access on this machine, run: ${portcullis('allow', '--write', withoutVersion(record.package))}`,
		...ebuildFixes(record.phase, hintsFor(programs).slice(0, maxHints)).map((fix) => `  ${fix}`),
	].map((text) => ({ verb: 'ewarn', text }));
}

/** Reports destinations of PORTCULLIS_ALLOW that stayed blocked, because the program had bound its socket to an address or port, from which confine cannot connect. */
function boundSockets(record: RunRecord): Line[] {
	const bound = record.blocked.filter((attempt) => attempt.bound);
	if (bound.length === 0) return [];
	const list = firstOf([...new Set(bound.map((one) => `${label(one)} → ${destination(one)}`))], maxTargets);
	const whole = portcullis('allow', '--whole', '--write', withoutVersion(record.package));
	const text = `PORTCULLIS_ALLOW cannot permit ${list}, because the program has bound the socket to a local address. To permit the whole network, run: ${whole}`;
	return [{ verb: failed(record) ? 'ewarn' : 'elog', text: `${subject(record)}: ${text}` }];
}

/** Advice for PORTCULLIS_ALLOW if emerge runs as root: connections are possible only through Portage's proxy, which permits all destinations. */
export const proxyFix = `To start Portage's proxy, which permits every destination to programs that use it, add to make.conf: ${addWords('FEATURES', proxyFeatures.slice(0, 1))}`;

/** Reports that PORTCULLIS_ALLOW had no effect, because Portcullis could not open connections for the phase. */
function noRoute(record: RunRecord): Line[] {
	if (record.route !== 'none') return [];
	const reason =
		record.routeWhy === ''
			? `because Portage had already isolated the network. ${proxyFix}`
			: `because ${record.routeWhy}. To find the cause, run: ${portcullis('doctor')}`;
	const text = `PORTCULLIS_ALLOW had no effect, ${reason}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}`, once: text }];
}

/** Reports network calls whose addresses the watcher could not read, for example because it lacks CAP_SYS_PTRACE. */
function uninspected(record: RunRecord): Line[] {
	const { unreadable, unreadableWhy } = record;
	if (unreadableWhy === '') return [];
	const text = `${count(unreadable, 'network call')} could not be inspected (${unreadableWhy}). To find the cause, run: ${portcullis('doctor')}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}`, once: unreadableWhy }];
}

/** Reports a program that could not install a seccomp listener, because Portcullis already uses one. */
function listener(record: RunRecord): Line[] {
	if (record.listenerRefused === undefined) return [];
	// A seccomp filter that replaces the network namespace needs the listener, so in this case the fix is to build without network-sandbox.
	const fix =
		record.applied.net === 'filter'
			? `To build without network-sandbox, run: ${portcullis('allow', '--whole', '--write', withoutVersion(record.package))}`
			: `To build without the listener of Portcullis, ${inPackageEnv(record, 'PORTCULLIS_AUDIT="off" PORTCULLIS_ALLOW="" PORTCULLIS_SOCKETS="host"', 'no-audit.conf')}`;
	const text = `${label(record.listenerRefused)} could not install a seccomp listener, because Portcullis already has one. ${fix}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}` }];
}
