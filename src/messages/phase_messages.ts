// SPDX-License-Identifier: GPL-2.0-or-later
import { basename } from 'node:path';
import { unavailableCause, type UnavailableCause } from '../doctor/unavailable_cause.ts';
import { effects, featureOf, hostProcEffect, hostProcFix } from '../rules/features.ts';
import { confinements, type Confinement } from '../rules/phases.ts';
import { ownSockets, settingOf } from '../rules/settings.ts';
import type { Orphan, RunRecord } from '../records/schema.ts';
import { readTrimmed } from '../util/files.ts';
import { stripControls } from '../util/output.ts';
import { count, enumerate } from '../util/units.ts';
import { networkMessages } from './network.ts';
import { socketMessages } from './sockets.ts';
import {
	commandOf,
	firstOf,
	ipcObjectName,
	oneLine,
	portcullis,
	reportDetails,
	subject,
	type Line,
} from './message.ts';

const maxOrphans = 3;

/** Information about a phase and its host that the record does not contain. The messages depend on it. */
interface MessageContext {
	/** True if confine did not start the phase, because a required confinement was not available. False or absent: it started the phase. */
	readonly refused?: boolean;
	/** The sandboxes that FEATURES requests and that are not available on this host, even if this phase does not need them. */
	readonly unavailable?: RunRecord['missing'] | undefined;
	/** The error because of which a seccomp filter replaces the network namespace on this host, even if this phase keeps the network. */
	readonly filterWhy?: string | undefined;
}

/** Returns the messages about a phase; [] if its record contains no attempt, orphan, missing sandbox or other incident. */
export function phaseMessages(
	record: RunRecord,
	{ refused = false, unavailable = [], filterWhy = record.filterWhy }: MessageContext = {},
): Line[] {
	const missing = [...record.missing, ...unavailable];
	const found = confinements.flatMap((what) => missing.find((one) => one.what === what) ?? []);
	const sockets = record.missing.filter(({ what }) => what === ownSockets);
	const limits = record.missing.filter(({ what }) => settingOf(what) !== undefined && what !== ownSockets);
	if (refused && missing.length > 0) return [refusal(record, [...found, ...sockets, ...limits])];
	return [
		...sandboxLines(record, found, filterWhy),
		...hostProc(record),
		...sockets.flatMap(({ why }) => reachableSockets(record, why)),
		...limitLines(record, limits),
		...limit(record),
		...orphans(record),
		...ipcObjects(record),
		...networkMessages(record),
		...socketMessages(record),
	];
}

/** Formats a line for the hook, without control characters. */
export function render({ verb, text, details }: Line): string {
	return `${verb} ${stripControls(details === undefined ? text : `${text}. ${details}`)}`;
}

function refusal(record: RunRecord, missing: RunRecord['missing']): Line {
	const [first] = missing;
	const sandbox = confinements.find((what) => what === first?.what);
	const { text, command } =
		sandbox === undefined ? { text: reasons(missing), command: '' } : causeOf(record.mode, sandbox, missing);
	const fact = `${subject(record)}: the build stops, because PORTCULLIS_ON_FAILURE="die" is set and ${areUnavailable(missing)}`;
	return { verb: 'die', text: `${fact}: ${text}. ${fixBy(command)}` };
}

/**
 * Returns one message about all sandboxes that are missing on this host, and about a network filter in place of a namespace. emerge prints
 * this message once, in the first phase of a build, even if this phase does not need all these sandboxes. The message explains only the
 * cause of the first missing sandbox.
 */
function sandboxLines(record: RunRecord, missing: RunRecord['missing'], filterWhy: string): Line[] {
	const first = confinements.find((what) => missing.some((one) => one.what === what));
	if (first === undefined && filterWhy === '') return [];
	const failed = first === undefined ? [{ what: 'net', why: filterWhy }] : missing;
	const { text, command } = causeOf(record.mode, first ?? 'net', failed);
	const facts = [
		...(first === undefined ? [] : [`${areUnavailable(missing)}, so ${effects[first]}`]),
		...(filterWhy === ''
			? []
			: ['without a network namespace, network-sandbox only filters system calls and is weaker']),
	];
	const fact = `${facts.join(', and ')}: ${text}. ${fixBy(command)}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${fact}`, once: fact }];
}

function hostProc(record: RunRecord): Line[] {
	if (!record.hostProc) return [];
	const fact = `pid-sandbox has no /proc of its own here: ${hostProcEffect}. ${hostProcFix}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${fact}`, once: fact }];
}

function fixBy(command: string): string {
	return command === '' ? `To find the fix, run: ${portcullis('doctor')}` : `As root, run: ${command}`;
}

/** Returns the cause of a missing sandbox in words, with the error of the kernel in parentheses. */
function causeOf(mode: string, what: Confinement, missing: RunRecord['missing']): UnavailableCause {
	const why = reasons(missing);
	const error = missing[0]?.why ?? '';
	const cause = unavailableCause({ mode, error, read: readTrimmed, setuidHelps: false }, what);
	return { ...cause, text: cause.id === 'unknown' ? why : `${cause.text} (${why})` };
}

/** Reports missing limits once per package, because packages may have different limits. The key `once` omits the reasons, because they differ by phase. */
function limitLines(record: RunRecord, missing: RunRecord['missing']): Line[] {
	if (missing.length === 0) return [];
	const limits = `the ${missing.length > 1 ? 'limits' : 'limit'} ${names(missing)}`;
	const fact = `runs without ${limits}: ${reasons(missing)}. To find the cause, run: ${portcullis('doctor')}`;
	return [{ verb: 'ewarn', text: `${subject(record)} ${fact}`, once: `${record.package} ${names(missing)}` }];
}

function reachableSockets(record: RunRecord, why: string): Line[] {
	const fact = `PORTCULLIS_SOCKETS="own" has no effect, so the phase can reach the UNIX sockets of this host: ${why}. To find the fix, run: ${portcullis('doctor')}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${fact}`, once: fact }];
}

function limit(record: RunRecord): Line[] {
	if (record.limit === undefined) return [];
	const owner = record.limitInherited ? 'the limit of the whole build' : 'its limit';
	const effect = record.limit === 'pids.max' ? 'could not start more processes' : 'was killed';
	const variable = settingOf(record.limit);
	const fix = variable === undefined ? '' : `. Raise ${variable} in make.conf or /etc/portage/env`;
	return [{ verb: 'ewarn', text: `${subject(record)} reached ${owner}, ${record.limit}, and ${effect}${fix}` }];
}

function orphans(record: RunRecord): Line[] {
	const stuck = record.orphans.filter((one) => one.stuck);
	const servers = record.orphans.filter((one) => !one.stuck && isCompilerServer(one));
	const killed = record.orphans.filter((one) => !one.stuck && !isCompilerServer(one));
	const total = Math.max(record.orphanCount - stuck.length - servers.length, killed.length);
	return [
		...orphanLine(record, stuck, stuck.length, 'still running after SIGKILL'),
		...orphanLine(record, killed, total, 'killed'),
		...(servers.length > 0 ? [serverLine(record)] : []),
	];
}

/** True for the server that sccache starts with the first compilation of a phase and that runs until ten minutes after the last compilation. */
function isCompilerServer({ argv }: Orphan): boolean {
	return argv.length === 1 && basename(argv[0] ?? '') === 'sccache';
}

function serverLine(record: RunRecord): Line {
	const fact =
		'the sccache server was killed, like all processes that outlive their phase. No fix is needed: the next phase starts a new server with the same cache';
	return { verb: 'elog', text: `${subject(record)}: ${fact}`, once: fact };
}

function orphanLine(record: RunRecord, found: readonly Orphan[], total: number, outcome: string): Line[] {
	if (total === 0) return [];
	const list = found.map((one) => `${commandOf(one)} (pid ${one.pid}, ${one.age.toFixed(0)} s old)`);
	const text = `${count(total, 'leftover process', 'leftover processes')} ${outcome}: ${firstOf(list, maxOrphans, ', ', total)}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}`, details: reportDetails(record) }];
}

function ipcObjects(record: RunRecord): Line[] {
	const { ipcObjects: found, ipcObjectCount: total } = record;
	if (total === 0) return [];
	const list = found.map((one) => `${ipcObjectName(one)} (${oneLine(one.comm)})`);
	const text = `${count(total, 'leftover IPC object')} removed: ${firstOf(list, maxOrphans, ', ', total)}`;
	return [{ verb: 'ewarn', text: `${subject(record)}: ${text}`, details: reportDetails(record) }];
}

function areUnavailable(missing: RunRecord['missing']): string {
	return `${names(missing)} ${missing.length > 1 ? 'are' : 'is'} not available`;
}

function reasons(missing: RunRecord['missing']): string {
	return [...new Set(missing.map(({ why }) => why))].join('; ');
}

/** Returns the names of missing sandboxes and limits as in make.conf: words of FEATURES, or variables. */
function names(missing: RunRecord['missing']): string {
	return enumerate(missing.map(({ what }) => settingOf(what) ?? featureOf(what)));
}
