import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { words } from '../util/environment.ts';
import { problem, settingNames, squeeze } from '../rules/settings.ts';
import { causeOf } from './causes.ts';
import { ok, type Finding } from './finding.ts';
import { hookFindings } from './check_hook.ts';
import type { SystemInfo } from './system_info.ts';
import { stat } from '../util/files.ts';

export function portageFindings(system: SystemInfo): Finding[] {
	const { configuration, noPortage, uid } = system;
	const title = 'Portage';
	if (configuration === undefined) {
		return [
			{
				id: 'portage',
				state: 'error',
				title,
				means: `${noPortage}.`,
				fix: '--eprefix names the Prefix to look at.',
				seen: [],
			},
		];
	}
	const own =
		uid === 0 ? 'as root it isolates the network and IPC itself' : 'not being root it isolates nothing by itself';
	const asked = system.asked.length > 0;
	const seen = [configuration.modules, `FEATURES: ${configuration.features.join(' ')}`];
	return [
		ok('portage', title, `${configuration.version}; ${own}`, seen),
		...(asked
			? []
			: [
					{
						id: 'features',
						state: 'warning' as const,
						title: 'FEATURES',
						means: 'none of network-sandbox, ipc-sandbox and cgroup: nothing is confined.',
						fix: 'FEATURES="network-sandbox ipc-sandbox cgroup" in make.conf.',
						seen,
					},
				]),
		...settingFindings(configuration.variables),
		...configuration.profile_bashrcs.map((file) => ({
			id: 'profile.bashrc',
			state: 'warning' as const,
			title: 'profile.bashrc',
			means: `${file} runs before the hook, so twice in a confined phase, the first time outside.`,
			fix: 'Nothing to do if it only sets variables and functions.',
			seen: [file],
		})),
	];
}

function settingFindings(variables: Readonly<Record<string, string>>): Finding[] {
	return settingNames.flatMap((name) => {
		const wrong = problem(name, squeeze(variables[name] ?? ''));
		const fix = 'Correct it in make.conf.';
		return wrong === undefined
			? []
			: [{ id: name, state: 'error' as const, title: name, means: `${wrong}.`, fix, seen: [] }];
	});
}

export function hooksFindings(system: SystemInfo): Finding[] {
	const { eprefix, configuration } = system;
	const here = configuration?.configroot.replace(/\/+$/, '') ?? eprefix;
	return [
		...hookFindings(eprefix, ''),
		...[...new Set([here, ...crossdev(eprefix)])]
			.filter((root) => root !== eprefix)
			.flatMap((root) => hookFindings(eprefix, root).filter(({ id }) => id !== 'hook')),
	];
}

/** crossdev makes a configuration for each target, in /usr/TARGET/etc/portage. */
function crossdev(eprefix: string): string[] {
	return list(`${eprefix}/usr`)
		.filter((name) => /^[a-z0-9_]+-.+-.+/.test(name))
		.map((name) => join(eprefix, 'usr', name))
		.filter((root) => stat(join(root, 'etc/portage/make.conf')) !== undefined);
}

function list(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

/** confine itself: there, able to start, and setuid where it was installed so. */
export function confineFindings(system: SystemInfo): Finding[] {
	const { confine, probeResult, sandboxed } = system;
	const title = 'confine';
	const status = stat(confine);
	const seen = [confine, `mode ${probeResult.mode}`];
	const again = 'Run install.sh again, or emerge app-portage/portcullis.';
	if (status === undefined) {
		return [
			{ id: 'confine', state: 'error', title, means: `there is no ${confine}: nothing is confined.`, fix: again, seen },
		];
	}
	const setuid = (status.mode & constants.S_IFMT) !== 0 && (status.mode & 0o4000) !== 0 && status.uid === 0;
	const fix = setuidWanted(system);
	if (fix !== undefined && !setuid) {
		const means = `${confine} was installed setuid, and has lost that: a copy or a chown takes it off.`;
		return [{ id: 'setuid', state: 'error', title, means, fix, seen }];
	}
	if (setuid && nosuid(system)) {
		const means = `${confine} is setuid, on a file system that is mounted nosuid: it is an ordinary program there.`;
		return [{ id: 'nosuid', state: 'error', title, means, fix: 'Mount it suid, or install with --no-setuid.', seen }];
	}
	if (probeResult.broken.includes('EACCES') && (status.mode & constants.S_IXOTH) === 0) {
		const means = `${confine} is for group ${status.gid} alone, and you are not in it: nothing of yours is confined.`;
		return [
			{ id: 'group', state: 'error', title, means, fix: '`gpasswd --add USER portage`, and log in again.', seen },
		];
	}
	if (sandboxed?.mode === 'none') {
		const { because, fix } = causeOf({ ...system, probeResult: sandboxed }, 'net');
		const means = `FEATURES=sandbox sets no_new_privs for each phase, under which a setuid confine is an ordinary program; and ${because}: nothing is confined.`;
		const instead = `${fix} Or FEATURES="-sandbox", which gives up what sys-apps/sandbox protects.`;
		return [{ id: 'no_new_privs', state: 'error', title, means, fix: instead, seen }];
	}
	if (probeResult.broken !== '') {
		return [
			{
				id: 'confine',
				state: 'error',
				title,
				means: `${confine} does not work: ${probeResult.broken}.`,
				fix: again,
				seen,
			},
		];
	}
	const mode = probeResult.mode === 'none' ? 'it starts, and can make no namespace' : `mode ${probeResult.mode}`;
	return [ok('confine', title, `${mode}${setuid ? ', setuid' : ''}`, seen)];
}

/** How to make it setuid again, where install.sh or the package has. */
function setuidWanted({ eprefix, read }: SystemInfo): string | undefined {
	if (/^setuid yes$/m.test(read(`${eprefix}/usr/lib/portcullis/installed`) ?? ''))
		return 'Run `install.sh --setuid` again.';
	const packages = `${eprefix}/var/db/pkg/app-portage`;
	const used = list(packages).some(
		(name) => /^portcullis-\d/.test(name) && words(read(`${packages}/${name}/USE`)).includes('suid'),
	);
	return used ? '`emerge --oneshot app-portage/portcullis`.' : undefined;
}

/** Whether the file system that confine is on is mounted nosuid: the longest mount point above it. */
function nosuid({ confine, read }: SystemInfo): boolean {
	const mounts = (read('/proc/self/mountinfo') ?? '').split('\n').map((line) => line.split(' '));
	const above = mounts
		.filter(([, , , , point = '']) => `${confine}/`.startsWith(point === '/' ? '/' : `${point}/`))
		.sort((a, b) => (b[4]?.length ?? 0) - (a[4]?.length ?? 0));
	return above[0]?.[5]?.split(',').includes('nosuid') ?? false;
}

export function recordFindings({ logs }: SystemInfo): Finding[] {
	const title = 'Records';
	const seen = [logs];
	const means = (why: string) => `${why}: phases leave no record, and \`portcullis report\` has nothing to say.`;
	if (stat(logs) === undefined) {
		return [
			{
				id: 'records',
				state: 'error',
				title,
				means: means(`there is no folder ${logs}`),
				fix: 'Run install.sh again.',
				seen,
			},
		];
	}
	try {
		accessSync(logs, constants.W_OK | constants.X_OK);
	} catch {
		const fix = 'It belongs to root:portage, mode 2775, or in a Prefix to its owner.';
		return [{ id: 'records', state: 'error', title, means: means(`${logs} is not writable for you`), fix, seen }];
	}
	return [ok('records', title, 'every phase can leave its record', seen)];
}
