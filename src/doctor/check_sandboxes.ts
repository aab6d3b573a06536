import { features } from '../rules/features.ts';
import type { Confinement } from '../rules/phases.ts';
import { settingNames, settings } from '../rules/settings.ts';
import { causeOf } from './causes.ts';
import { ok, type Finding } from './finding.ts';
import type { SystemInfo } from './system_info.ts';

/** Whether each sandbox that FEATURES asks for can be had: it is tried, in a child. */
export function sandboxFindings(system: SystemInfo): Finding[] {
	if (system.probeResult.broken !== '') return [];
	return [
		...(['net', 'ipc'] as const).map((what) => isolation(system, what)),
		tracking(system),
		...limits(system),
		...audit(system),
	];
}

const consequences: Readonly<Record<Confinement, string>> = {
	net: 'src_* phases reach the network and the services of this machine.',
	ipc: "src_* phases see this machine's message queues and shared memory.",
	cgroup: 'what a phase leaves running goes on.',
};

function isolation(system: SystemInfo, what: 'net' | 'ipc'): Finding {
	const maker = system.probeResult.applied[what];
	const title = features[what];
	const seen = [`confine: ${what}=${maker ?? 'none'}, mode ${system.probeResult.mode}`];
	if (maker !== undefined && maker !== 'none') {
		const who =
			system.uid === 0
				? 'by Portage, being root, and where it does not by Portcullis'
				: `through ${fix(system.probeResult.mode)}; Portage alone would ignore it`;
		return ok(title, title, maker === 'portage' ? 'Portage has isolated this process' : who, seen);
	}
	return refused(system, what, seen);
}

function fix(mode: string): string {
	return mode === 'userns' ? 'a user namespace' : mode === 'setuid' ? 'the setuid confine' : mode;
}

function refused(system: SystemInfo, what: Confinement, seen: readonly string[]): Finding {
	const why = system.probeResult.missing.find((one) => one.what === what)?.why ?? '';
	const cause = causeOf(system, what);
	return {
		id: features[what],
		state: system.asked.includes(what) ? 'error' : 'inactive',
		title: features[what],
		means: `${cause.because} (${why}): ${consequences[what]}`,
		fix: cause.fix,
		seen: [...seen, `cause: ${cause.id}`],
	};
}

function tracking(system: SystemInfo): Finding {
	const { tracking: kept } = system.probeResult;
	const title = features.cgroup;
	const place = cgroupPlace(system);
	const seen = [`tracked by ${kept}`, place, `cgroup: ${system.probe.get('cgroup') ?? '?'}`];
	if (kept === 'none') return refused(system, 'cgroup', seen);
	if (kept === 'subreaper') {
		return {
			id: title,
			state: system.asked.includes('cgroup') ? 'warning' : 'inactive',
			title,
			means: 'what a phase leaves is killed by a subreaper only: no cgroup, and no PID namespace, can be had.',
			fix: causeOf(system, 'cgroup').fix,
			seen,
		};
	}
	const words: Readonly<Record<string, string>> = {
		'cgroup+pidns': 'a cgroup and a PID namespace: nothing outlives a phase',
		cgroup: 'a cgroup keeps it: nothing outlives a phase',
		pidns: 'a PID namespace keeps it: nothing outlives a phase',
		portage: "Portage's own PID namespace keeps it: nothing outlives a phase",
		'cgroup+portage': "a cgroup and Portage's PID namespace keep it",
	};
	return ok(title, title, words[kept] ?? kept, seen);
}

/** Which cgroup there is, from /proc/self/mountinfo: proc(5), the file system's type stands behind " - ". */
export function cgroupPlace({ read, probe }: SystemInfo): string {
	const mounts = (read('/proc/self/mountinfo') ?? '').split('\n');
	const of = (type: string) =>
		mounts.filter((line) => line.includes(` - ${type} `)).map((line) => line.split(' ')[4] ?? '');
	const [unified] = of('cgroup2');
	if (unified === undefined) return of('cgroup').length > 0 ? 'cgroup v1 only' : 'no cgroup is mounted';
	const answer = probe.get('cgroup') ?? '';
	const reason = answer.startsWith('no: ') ? `, ${answer.slice(4)}` : '';
	return `cgroup v2 in ${unified}${of('cgroup').length > 0 ? ' beside v1' : ''}${reason}`;
}

/** Limits that are asked for, and whose controller there is. */
function limits(system: SystemInfo): Finding[] {
	const { configuration, read } = system;
	const mounts = (read('/proc/self/mountinfo') ?? '').split('\n').find((line) => line.includes(' - cgroup2 '));
	const controllers = (read(`${mounts?.split(' ')[4] ?? ''}/cgroup.controllers`) ?? '').split(' ');
	return settingNames.flatMap((name) => {
		const row = settings[name];
		const value = configuration?.variables[name];
		if (!('limit' in row) || value === undefined) return [];
		const controller = row.limit.replace(/\..*/, '');
		if (controllers.includes(controller)) return [ok(name, name, `${value}, by the ${controller} controller`)];
		return [
			{
				id: name,
				state: 'error' as const,
				title: name,
				means: `the cgroup controller "${controller}" is not there (${cgroupPlace(system)}): no limit is set.`,
				fix: 'Boot with cgroup v2 alone: cgroup_no_v1=all, or systemd.unified_cgroup_hierarchy=1.',
				seen: [`controllers: ${controllers.join(' ')}`],
			},
		];
	});
}

/** Whether Yama keeps the watcher from looking into a phase: from 3 on always, at 2 where it has no CAP_SYS_PTRACE over it (Yama.rst). */
function isBlind({ probeResult, configuration }: SystemInfo, yama: string): boolean {
	const plain =
		probeResult.mode === 'setuid' || (probeResult.mode === 'root' && configuration?.features.includes('userpriv'));
	return yama === '3' || (yama === '2' && plain === true);
}

function audit(system: SystemInfo): Finding[] {
	const { probeResult, configuration, asked, read } = system;
	const title = 'Audit';
	if ((configuration?.variables['PORTCULLIS_AUDIT'] ?? 'on') === 'off')
		return [ok('audit', title, 'off, by PORTCULLIS_AUDIT')];
	const actions = read('/proc/sys/kernel/seccomp/actions_avail') ?? '';
	const yama = read('/proc/sys/kernel/yama/ptrace_scope') ?? '0';
	const seen = [`seccomp actions: ${actions}`, `kernel.yama.ptrace_scope: ${yama}`];
	if (probeResult.watched === 'yes' && isBlind(system, yama))
		return [
			{
				id: 'audit',
				state: !asked.includes('net') ? 'inactive' : configuration?.variables['PORTCULLIS_ALLOW'] ? 'error' : 'warning',
				title,
				means: `what a phase tries to reach is counted, but not seen, and PORTCULLIS_ALLOW lets nothing through: kernel.yama.ptrace_scope is ${yama}.`,
				fix: '`sysctl kernel.yama.ptrace_scope=1` (and a line in /etc/sysctl.d); from 3 only a new boot leads back.',
				seen,
			},
		];
	if (probeResult.watched === 'yes') return [ok('audit', title, 'what a phase tries to reach is seen, and told', seen)];
	const kernel = !actions.includes('user_notif');
	return [
		{
			id: 'audit',
			state: asked.includes('net') ? 'warning' : 'inactive',
			title,
			means: `what a phase tries to reach is counted, but not seen: ${kernel ? 'this kernel has no seccomp user notification' : probeResult.watchedWhy || 'confine could not watch'}.`,
			fix: kernel
				? 'Build the kernel (5.0 or newer) with CONFIG_SECCOMP_FILTER.'
				: 'PORTCULLIS_AUDIT=off says that nobody shall watch.',
			seen,
		},
	];
}
