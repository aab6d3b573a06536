import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evidenceVariables } from '../conflicts/detect.ts';
import { encodeSecureEnvironment } from '../confine/options.ts';
import { installation } from '../installation/locate.ts';
import { paths } from '../installation/paths.ts';
import { confinements, type Confinement } from '../rules/phases.ts';
import { features } from '../rules/features.ts';
import { resolvePortage, type Configuration } from '../portage/resolve_package.ts';
import { readFile } from '../util/files.ts';

/** What a try of confine gave: the members of its record that matter here, or why there is none. */
export interface ProbeResult {
	readonly mode: string;
	readonly tracking: string;
	readonly applied: Readonly<Record<string, string>>;
	readonly missing: readonly { readonly what: string; readonly why: string }[];
	readonly watched: string;
	readonly watchedWhy: string;
	/** Why confine could not even be started; '' where it was. */
	readonly broken: string;
}

/** What doctor and info look at, looked at once. */
export interface SystemInfo {
	readonly eprefix: string;
	readonly confine: string;
	readonly logs: string;
	readonly uid: number;
	readonly configuration: Configuration | undefined;
	/** Why there is none. */
	readonly noPortage: string;
	readonly asked: readonly Confinement[];
	readonly probeResult: ProbeResult;
	/** The same where no_new_privs is set, as FEATURES=sandbox does; undefined where that makes no difference. */
	readonly sandboxed: ProbeResult | undefined;
	/** `confine --probe`, key by key. */
	readonly probe: ReadonlyMap<string, string>;
	/** A file of /proc, /sys or /etc, without blanks at its end; undefined where it can't be read. */
	readonly read: (file: string) => string | undefined;
}

export async function probeSystem(eprefix: string): Promise<SystemInfo> {
	const own = installation();
	const confine = eprefix === own.eprefix ? own.confine : paths(eprefix).confine;
	const [answer, probeResult, probe] = await Promise.all([
		resolvePortage(eprefix, undefined, evidenceVariables).catch((error: unknown) =>
			String(error instanceof Error ? error.message : error),
		),
		tryConfine(confine),
		probed(confine),
	]);
	const configuration = typeof answer === 'string' ? undefined : answer;
	const sandbox = configuration?.sandbox === true && configuration.features.includes('sandbox');
	return {
		eprefix,
		confine,
		logs: paths(eprefix).logs,
		uid: process.getuid?.() ?? 0,
		configuration,
		noPortage: typeof answer === 'string' ? answer : '',
		// Where Portage can't be asked, everything is of interest.
		asked: confinements.filter((what) => configuration?.features.includes(features[what]) ?? true),
		probeResult,
		sandboxed:
			sandbox && probeResult.mode === 'setuid' ? await tryConfine(confine, inert(configuration.python)) : undefined,
		probe,
		read,
	};
}

function read(file: string): string | undefined {
	return readFile(file)?.trimEnd();
}

/** A command that runs another with no_new_privs (38 is PR_SET_NO_NEW_PRIVS of prctl(2)). */
function inert(python: string): string[] {
	const script = 'import ctypes, os, sys; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])';
	return [python, '-I', '-c', script];
}

/** Does with `true` what the hook does with a phase that asks for everything, and reads the record of it. */
async function tryConfine(confine: string, through: readonly string[] = []): Promise<ProbeResult> {
	let probeResult = await tryOnce(confine, through);
	// A command as short as this one can be over before its watcher has looked.
	for (let more = 2; more > 0 && probeResult.watchedWhy === 'the command was not started'; more--)
		probeResult = await tryOnce(confine, through);
	return probeResult;
}

async function tryOnce(confine: string, through: readonly string[]): Promise<ProbeResult> {
	const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
	const record = join(folder, 'record');
	try {
		const [program, ...args] = [
			...through,
			confine,
			'--net',
			'--ipc',
			'--cgroup',
			`doctor_${process.pid}`,
			'--audit',
			'--best-effort',
			'--record',
			record,
			'--',
			'true',
		];
		const { error, stderr } = await call(program, args);
		const line = read(record);
		if (line === undefined) return nothing(stderr.trim().split('\n').at(-1) || (error ?? 'it wrote no record'));
		return probeResultOf(JSON.parse(line) as Record<string, unknown>);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function probeResultOf(record: Record<string, unknown>): ProbeResult {
	const text = (name: string) => (typeof record[name] === 'string' ? record[name] : '');
	return {
		mode: text('mode'),
		tracking: text('tracking'),
		applied: record['applied'] as ProbeResult['applied'],
		missing: record['missing'] as ProbeResult['missing'],
		watched: text('watched'),
		watchedWhy: text('watched_why'),
		broken: '',
	};
}

function nothing(broken: string): ProbeResult {
	return { mode: 'none', tracking: 'none', applied: {}, missing: [], watched: '', watchedWhy: '', broken };
}

async function probed(confine: string): Promise<Map<string, string>> {
	const { stdout } = await call(confine, ['--probe']);
	const pairs = stdout.split('\n').flatMap((line): [string, string][] => {
		const equals = line.indexOf('=');
		return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)]] : [];
	});
	return new Map(pairs);
}

function call(
	program: string,
	args: readonly string[],
): Promise<{ error: string | undefined; stdout: string; stderr: string }> {
	return new Promise((resolve) => {
		execFile(program, args, { env: encodeSecureEnvironment(process.env), timeout: 10_000 }, (error, stdout, stderr) => {
			resolve({ error: error?.message.split('\n')[0], stdout, stderr });
		});
	});
}
