// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeSecureEnvironment } from '../confine/options.ts';
import { capture, probeConfine, refusalOf } from '../confine/spawn.ts';
import { evidenceVariables } from '../conflicts/detect.ts';
import { confineFor, paths } from '../installation/paths.ts';
import { resolvePortage } from '../portage/resolve_package.ts';
import { readRecord } from '../records/reader.ts';
import { parseRecord, type RunRecord } from '../records/schema.ts';
import { features } from '../rules/features.ts';
import { confinements, namespaceConfinements, type Confinement } from '../rules/phases.ts';
import { resolve } from '../rules/settings.ts';
import { readTrimmed } from '../util/files.ts';
import { unavailableCause, type UnavailableCause } from './unavailable_cause.ts';

/** The record that confine wrote about a test run. `broken` is '' or the reason why confine wrote none: then the record is `noRecord`. */
type ProbeResult = RunRecord & { readonly broken: string };

const noRecord = '{"schema":1,"time":"1970-01-01T00:00:00.000Z","mode":"none","tracking":"none","status":{"exit":0}}';

/** True if Portage itself isolates phases: this user is root and has CAP_SYS_ADMIN, which root in a container lacks by default. If the test run failed, true for every root. */
export function isPortageIsolating({ uid, probeResult }: SystemInfo): boolean {
	return uid === 0 && (probeResult.mode === 'root' || probeResult.broken !== '');
}

/** The facts about this system that `doctor` checks and `info` prints. */
export type SystemInfo = Readonly<Awaited<ReturnType<typeof probeSystem>>>;
export async function probeSystem(eprefix: string) {
	const confine = confineFor(eprefix);
	const [answer, probe, libc] = await Promise.all([
		resolvePortage(eprefix, undefined, evidenceVariables).catch((error: unknown) =>
			String(error instanceof Error ? error.message : error),
		),
		probeConfine(confine),
		capture('getconf', ['GNU_LIBC_VERSION']),
	]);
	const configuration = typeof answer === 'string' ? undefined : answer;
	const auditOnly = resolve(configuration?.variables ?? {}).PORTCULLIS_AUDIT === 'only';
	const requested = auditOnly
		? []
		: confinements.filter((what) => configuration?.features.includes(features[what]) ?? true);
	const probeResult = await testRun(confine, requested);
	const hasSandbox = configuration?.sandbox === true && configuration.features.includes('sandbox');
	return {
		eprefix,
		confine,
		logs: paths(eprefix).logs,
		uid: process.getuid?.() ?? 0,
		/** Portage's configuration; undefined if Portage could not be started, for the reason in portageError. */
		configuration,
		portageError: typeof answer === 'string' ? answer : '',
		/** The confinements that FEATURES requests: all if `configuration` is undefined, none if PORTCULLIS_AUDIT="only". */
		requested,
		/** Why Portcullis does not apply a confinement that is not in `requested`. */
		notRequestedWhy: auditOnly ? 'PORTCULLIS_AUDIT="only" is set' : 'FEATURES does not contain it',
		probeResult,
		/** Result of a test run with no_new_privs, which FEATURES="sandbox" sets and which disables setuid bits; undefined if this word is missing or the mode is not setuid. */
		sandboxed:
			hasSandbox && probeResult.mode === 'setuid'
				? await testRun(confine, requested, withNoNewPrivs(configuration.python))
				: undefined,
		/** The output of `confine --probe`: values by key. */
		probe,
		/** The C library of this system, such as "glibc 2.41"; undefined if it is not glibc. */
		libc: libc.status === 0 ? libc.stdout.trim() : undefined,
		/** Function that reads a file without trailing whitespace, and returns undefined if the file is not readable. Tests replace it. */
		read: readTrimmed,
	};
}

/** Lists the mounted file systems of this process. In a line of mountinfo, the type follows " - " (proc_pid_mountinfo(5)). */
export function mounts({ read }: SystemInfo): { point: string; options: string[]; type: string | undefined }[] {
	return (read('/proc/self/mountinfo') ?? '').split('\n').map((line) => {
		const [, , , , point = '', options = ''] = line.split(' ');
		return { point, options: options.split(','), type: / - (\S+) /.exec(line)?.[1] };
	});
}

/** Returns why confine could not apply the confinement `what` in the test run `result`, and the fix. */
export function causeOf(
	{ read, sandboxed, probe, probeResult }: SystemInfo,
	what: Confinement,
	result = probeResult,
): UnavailableCause {
	const error = result.missing.find((one) => one.what === what)?.why ?? (refusalOf(probe, what) || result.filterWhy);
	return unavailableCause({ mode: result.mode, error, read, setuidHelps: sandboxed === undefined }, what);
}

/** Returns the first words of a command that sets no_new_privs and executes its arguments (38 is PR_SET_NO_NEW_PRIVS of prctl(2)). */
function withNoNewPrivs(python: string): string[] {
	const script = 'import ctypes, os, sys; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])';
	return [python, '-I', '-c', script];
}

/** Connects a UDP socket to TEST-NET-1 (RFC 5737). This sends no packet, but the call of connect(2) tests the watcher, which inspects such calls. */
const testCommand = ['bash', '-c', 'exec 2>&- 3<>/dev/udp/192.0.2.1/9'] as const;

/**
 * Runs the test command with all sandboxes, as the hook runs a phase. Passes --pid only if FEATURES requests pid-sandbox, because --pid
 * changes how confine tracks processes. If `launcher` is not empty, this command executes confine (withNoNewPrivs()).
 */
async function testRun(
	confine: string,
	requested: readonly Confinement[],
	launcher: readonly string[] = [],
): Promise<ProbeResult> {
	const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
	const record = join(folder, 'record');
	const namespaces = namespaceConfinements.filter((what) => what !== 'pid' || requested.includes('pid'));
	const options = [
		...namespaces.map((what) => `--${what}`),
		'--audit',
		'--best-effort',
		'--cgroup',
		`doctor_${process.pid}`,
	];
	const [program, ...args] = [...launcher, confine, ...options, '--record', record, '--', ...testCommand];
	try {
		const env = encodeSecureEnvironment(process.env);
		const { error, stderr } = await capture(program, args, { env, timeout: 10_000 });
		const found = readRecord(record);
		if (found !== undefined) return { ...found, broken: '' };
		return { ...parseRecord(noRecord), broken: stderr.trim().split('\n').at(-1) || (error ?? 'it wrote no record') };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
