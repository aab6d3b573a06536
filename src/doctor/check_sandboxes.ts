// SPDX-License-Identifier: GPL-2.0-or-later
import { refusalOf } from '../confine/spawn.ts';
import { effects, features, hostProcEffect, hostProcFix, hostShmReason } from '../rules/features.ts';
import { namespaceConfinements, type Confinement } from '../rules/phases.ts';
import { resolve, settingNames, settings } from '../rules/settings.ts';
import { error, inactive, ok, warning, type Finding } from './finding.ts';
import { causeOf, isPortageIsolating, mounts, type SystemInfo } from './system_info.ts';

/** Reports whether each confinement, each limit and the audit is available. Returns [] if confine does not work, which confineFindings() reports. */
export function sandboxFindings(system: SystemInfo): Finding[] {
	if (system.probeResult.broken !== '') return [];
	return [
		...namespaceConfinements.map((what) => isolationFinding(system, what)),
		trackingFinding(system),
		...limitFindings(system),
		...auditFindings(system),
	];
}

function isolationFinding(system: SystemInfo, what: Exclude<Confinement, 'cgroup'>): Finding {
	const { applied, mode, hostProc } = system.probeResult;
	const title = features[what];
	const by = applied[what];
	if (by === undefined && !system.requested.includes(what) && system.probe[what] === 'yes')
		return notRequested(system, what, [`confine --probe: ${what}=yes`]);
	const observed = [`confine: ${what}=${by ?? 'none'}, mode ${mode}`];
	if (by === undefined || by === 'none') return unavailable(system, what, observed);
	if (!system.requested.includes(what)) return notRequested(system, what, observed);
	if (by === 'filter') return filtered(system, observed);
	if (by === 'portage') return ok(title, title, 'Portage has isolated this process', observed);
	if (what === 'pid' && hostProc) {
		const meaning = `applied, but ${hostProcEffect} (${refusalOf(system.probe, 'proc')}).`;
		return warning(title, title, meaning, hostProcFix);
	}
	const means = mode === 'userns' ? 'a user namespace' : mode === 'setuid' ? 'the setuid confine' : mode;
	const meaning = isPortageIsolating(system)
		? 'applied by Portage if emerge runs as root; otherwise by Portcullis'
		: `applied with ${means}; Portage alone would ignore it`;
	return ok(title, title, what === 'ipc' ? `${meaning}${hostShm(system)}` : meaning, observed);
}

/** Describes why the phases keep the /dev/shm of the host; '' if they get a private one. */
function hostShm(system: SystemInfo): string {
	const { configuration, probeResult, probe } = system;
	if (isPortageIsolating(system))
		return '; phases keep the /dev/shm of the host, because Portage makes the IPC namespace and mounts no new /dev/shm';
	const names = configuration?.in_shm ?? [];
	if (names.length > 0) return `; phases keep ${hostShmReason(names)}`;
	const reason = refusalOf(probe, 'shm') || 'the reason is unknown';
	return probeResult.ownShm
		? ''
		: `; phases keep the /dev/shm of the host, because confine cannot replace it (${reason})`;
}

/** Reports that a seccomp filter replaces the network namespace, and how to get the namespace. */
function filtered(system: SystemInfo, observed: readonly string[]): Finding {
	const cause = causeOf(system, 'net');
	const meaning = `a weaker seccomp filter replaces the network namespace: ${cause.text} (${system.probeResult.filterWhy}).`;
	return warning(features.net, features.net, meaning, cause.fix, [...observed, `cause: ${cause.id}`]);
}

/** Reports a confinement that is available but not requested. The state is "inactive", because "ok" would suggest that it is applied. */
function notRequested(system: SystemInfo, what: Confinement, observed: readonly string[]): Finding {
	const title = features[what];
	return inactive(
		title,
		title,
		`available, but Portcullis does not apply it, because ${system.notRequestedWhy}.`,
		observed,
	);
}

function unavailable(system: SystemInfo, what: Confinement, observed: readonly string[]): Finding {
	const why = system.probeResult.missing.find((one) => one.what === what)?.why ?? refusalOf(system.probe, what);
	const cause = causeOf(system, what);
	const isTracked = what === 'ipc' && system.probeResult.applied.net === 'filter';
	const effect = isTracked ? "builds can use the host's IPC objects; leftover objects are removed" : effects[what];
	return {
		id: features[what],
		state: system.requested.includes(what) ? 'error' : 'inactive',
		title: features[what],
		meaning: `${cause.text} (${why}): ${effect}.`,
		fix: cause.fix,
		observed: [...observed, `cause: ${cause.id}`],
	};
}

const trackingTexts: Readonly<Record<string, string>> = {
	'cgroup+pidns': 'a cgroup and a PID namespace: no process outlives a phase',
	cgroup: 'a cgroup: no process outlives a phase',
	subreaper: 'a subreaper: confine kills the leftover processes of a phase',
	pidns: 'a PID namespace: no process outlives a phase',
	portage: "Portage's PID namespace: no process outlives a phase",
	'cgroup+portage': "a cgroup and Portage's PID namespace: no process outlives a phase",
};

function trackingFinding(system: SystemInfo): Finding {
	const { tracking: method } = system.probeResult;
	const title = features.cgroup;
	const probed = ['cgroup', 'pid', 'proc'].map((what) => `${what}: ${system.probe[what] ?? '?'}`);
	const observed = [`process tracking: ${method}`, cgroupStatus(system), ...probed];
	if (method === 'none') return unavailable(system, 'cgroup', observed);
	if (!system.requested.includes('cgroup')) return notRequested(system, 'cgroup', observed);
	return ok(title, title, `${trackingTexts[method] ?? method}${accounting(system)}`, observed);
}

/**
 * Describes what Portage itself does with FEATURES="cgroup". Portage 3.0.82 or newer, run by root with only cgroup v2 mounted, measures
 * the resource use of each build in a cgroup (portage/util/cgroup.py). In all other cases Portage makes no cgroup: returns ''.
 */
function accounting({ uid, configuration, read }: SystemInfo): string {
	const [major = 0, minor = 0, patch = 0] = (configuration?.version ?? '').split('.').map(Number);
	const isNew = major > 3 || (major === 3 && (minor > 0 || patch >= 82));
	if (uid !== 0 || !isNew || read('/sys/fs/cgroup/cgroup.controllers') === undefined) return '';
	return '; Portage itself measures the CPU time, memory and I/O of each build';
}

/** Describes the mounted cgroup hierarchies and, if confine cannot make a cgroup, the reason. */
export function cgroupStatus(system: SystemInfo): string {
	const all = mounts(system);
	const unified = all.find(({ type }) => type === 'cgroup2');
	const hasV1 = all.some(({ type }) => type === 'cgroup');
	if (unified === undefined) return hasV1 ? 'cgroup v1 only' : 'no cgroup is mounted';
	const refusal = refusalOf(system.probe, 'cgroup');
	return `cgroup v2 in ${unified.point}${hasV1 ? ' beside v1' : ''}${refusal === '' ? '' : `, ${refusal}`}`;
}

/** Reports for each limit in make.conf whether its cgroup controller is available, and whether this user may create cgroups. */
function limitFindings(system: SystemInfo): Finding[] {
	const { configuration, probe, read } = system;
	const chosen = resolve(configuration?.variables ?? {});
	const mount = mounts(system).find(({ type }) => type === 'cgroup2');
	const controllers = (read(`${mount?.point ?? ''}/cgroup.controllers`) ?? '').split(' ');
	const refusal = refusalOf(probe, 'cgroup');
	return settingNames.flatMap((name) => {
		const row = settings[name];
		const value = chosen[name];
		if (!('limit' in row) || value === '' || !system.requested.includes('cgroup')) return [];
		const controller = row.limit.replace(/\..*/, '');
		if (!controllers.includes(controller)) {
			const meaning = `the cgroup controller "${controller}" is not available (${cgroupStatus(system)}): phases run without the limit of ${name}.`;
			const fix =
				'Use cgroup v2 only: set rc_cgroup_mode="unified" in /etc/rc.conf with OpenRC, or boot with cgroup_no_v1=all.';
			return [error(name, name, meaning, fix, [`controllers: ${controllers.join(' ')}`])];
		}
		if (refusal === '') return [ok(name, name, `${value}, enforced by the cgroup controller "${controller}"`)];
		const fix = 'With systemd, build with `systemd-run --user --scope emerge ...`; with OpenRC, run emerge as root.';
		return [
			error(name, name, `this user cannot create a cgroup (${refusal}): phases run without the limit of ${name}.`, fix),
		];
	});
}

/**
 * True if Yama denies confine access to the memory of a phase, so that the audit cannot name programs. A ptrace_scope of 3 denies the access
 * to every process, and 2 to a process without CAP_SYS_PTRACE (Yama.rst).
 */
function isYamaBlocking({ probeResult, configuration }: SystemInfo, scope: string): boolean {
	const lacksPtrace =
		probeResult.mode === 'setuid' || (probeResult.mode === 'root' && configuration?.features.includes('userpriv'));
	return scope === '3' || (scope === '2' && lacksPtrace === true);
}

function auditFindings(system: SystemInfo): Finding[] {
	const { probeResult, configuration, requested, read } = system;
	const id = 'audit';
	const title = 'Audit';
	const chosen = resolve(configuration?.variables ?? {});
	const isOwn = chosen.PORTCULLIS_SOCKETS === 'own' && requested.includes('net');
	const isOff = chosen.PORTCULLIS_AUDIT === 'off';
	const unwatchedWhy = probeResult.watchedWhy || probeResult.unreadableWhy;
	if (isOff && !isOwn) return [ok(id, title, 'disabled, because PORTCULLIS_AUDIT="off" is set')];
	const actions = read('/proc/sys/kernel/seccomp/actions_avail') ?? '';
	const scope = read('/proc/sys/kernel/yama/ptrace_scope') ?? '0';
	const observed = [`seccomp actions: ${actions}`, `kernel.yama.ptrace_scope: ${scope}`];
	const warningOrInactive = requested.includes('net') ? 'warning' : 'inactive';
	if (probeResult.watched === 'yes' && isYamaBlocking(system, scope)) {
		const state = requested.includes('net') && chosen.PORTCULLIS_ALLOW !== '' ? 'error' : warningOrInactive;
		const meaning = `network access is counted, but not attributed to programs, and PORTCULLIS_ALLOW has no effect: kernel.yama.ptrace_scope is ${scope}.`;
		const reboot = ' Then reboot, because the kernel keeps the value 3 until a reboot.';
		const fix = `Run as root: \`${scope === '3' ? 'echo' : 'sysctl -w'} kernel.yama.ptrace_scope=1 | tee -a /etc/sysctl.d/portcullis.conf\`.${scope === '3' ? reboot : ''}`;
		const own = `refuses every connection: kernel.yama.ptrace_scope is ${scope}.`;
		return [{ id, state, title, meaning, fix, observed }, ...ownSocketsFinding(isOwn, own, fix)];
	}
	if (probeResult.watched === 'yes' && unwatchedWhy === '') {
		const why = isOff ? ', although PORTCULLIS_AUDIT="off" is set, because PORTCULLIS_SOCKETS="own" needs it' : '';
		return [ok(id, title, `network access of phases is recorded and reported${why}`, observed)];
	}
	const isKernelOld = !actions.includes('user_notif');
	const reason = isKernelOld
		? 'the kernel has no seccomp user notification'
		: unwatchedWhy || 'confine could not start the process that records network access';
	const fix = isKernelOld
		? 'Build Linux 5.0 or newer with CONFIG_SECCOMP_FILTER.'
		: 'To disable the audit, set PORTCULLIS_AUDIT="off" in make.conf.';
	const meaning = `network access is counted, but not attributed to programs: ${reason}.`;
	const effect = probeResult.watched === 'yes' ? 'refuses every connection' : 'has no effect';
	const ownFix = isKernelOld ? fix : 'To permit sockets of the host, set PORTCULLIS_SOCKETS="host" in make.conf.';
	return [
		{ id, state: warningOrInactive, title, meaning, fix, observed },
		...ownSocketsFinding(isOwn, `${effect}: ${reason}.`, ownFix),
	];
}

/** Called if the watcher, a process of confine, cannot inspect the system calls of phases. Reports the effect on PORTCULLIS_SOCKETS="own"; [] if `isOwn` is false. */
function ownSocketsFinding(isOwn: boolean, effect: string, fix: string): Finding[] {
	const id = 'PORTCULLIS_SOCKETS';
	return isOwn ? [error(id, id, `PORTCULLIS_SOCKETS="own" ${effect}`, fix)] : [];
}
