// SPDX-License-Identifier: GPL-2.0-or-later
import { accessSync, constants, type Stats } from 'node:fs';
import { join } from 'node:path';
import { addWords } from '../portage/make_conf.ts';
import type { Configuration } from '../portage/resolve_package.ts';
import { features } from '../rules/features.ts';
import { problem, resolve, settingNames, squeeze, unknownSettings } from '../rules/settings.ts';
import { words } from '../util/environment.ts';
import { namesIn, stat } from '../util/files.ts';
import { enumerate } from '../util/units.ts';
import { bashrcFinding, hookFindings, reinstall } from './check_hook.ts';
import { error, ok, warning, type Finding } from './finding.ts';
import { causeOf, isPortageIsolating, mounts, type SystemInfo } from './system_info.ts';

export function portageFindings(system: SystemInfo): Finding[] {
	const { configuration, portageError, uid, requested } = system;
	if (configuration === undefined) {
		const fix = 'If Portage is in a Gentoo Prefix, pass the path of the Prefix with --eprefix.';
		return [error('portage', 'Portage', `${portageError}.`, fix)];
	}
	const isolates = isPortageIsolating(system);
	const sandbox = isolates
		? 'isolates phases itself, because you are root'
		: `does not isolate phases, because ${uid === 0 ? 'root lacks CAP_SYS_ADMIN here' : 'you are not root'}`;
	const observed = [configuration.modules, `FEATURES: ${configuration.features.join(' ')}`];
	return [
		ok('portage', 'Portage', `${configuration.version}; ${sandbox}`, observed),
		...(requested.length > 0 ? [] : [nothingConfined(configuration, isolates, observed)]),
		...otherManagers(system),
		...settingFindings(configuration.variables),
		...configuration.profile_bashrcs.map((file) => {
			const meaning = `${file} runs before the hook, so a confined phase runs it twice, the first time outside the sandbox.`;
			const fix = 'No action is needed if the file only sets variables and functions.';
			return warning('profile.bashrc', 'profile.bashrc', meaning, fix, [file]);
		}),
	];
}

function nothingConfined({ variables }: Configuration, isolates: boolean, observed: readonly string[]): Finding {
	if (resolve(variables).PORTCULLIS_AUDIT === 'only') {
		const asRoot = isolates ? ' Portage itself still isolates phases, because you are root.' : '';
		const meaning = `PORTCULLIS_AUDIT="only" is set: Portcullis records network access, but isolates no phase and kills no process.${asRoot}`;
		return warning('PORTCULLIS_AUDIT', 'PORTCULLIS_AUDIT', meaning, 'Set PORTCULLIS_AUDIT="on" in make.conf.');
	}
	const words = Object.values(features);
	const meaning = `FEATURES contains none of ${enumerate(words)}, so Portcullis confines nothing.`;
	return warning('features', 'FEATURES', meaning, `Add to make.conf: ${addWords('FEATURES', words)}`, observed);
}

/** Reports pkgcore and Paludis if they are installed. The hook prints a message in their phases, and confines nothing. */
function otherManagers({ eprefix }: SystemInfo): Finding[] {
	const folders = [`${eprefix}/usr/bin`, ...(process.env['PATH'] ?? '').split(':')];
	return Object.entries({ pmerge: 'pkgcore', cave: 'Paludis' }).flatMap(([program, name]) => {
		const file = folders.map((folder) => join(folder, program)).find((one) => stat(one)?.isFile() === true);
		const meaning = `Portcullis does not confine the phases that ${program} runs.`;
		return file === undefined ? [] : [warning(program, name, meaning, 'Build with emerge.', [file])];
	});
}

function settingFindings(variables: Readonly<Record<string, string>>): Finding[] {
	const invalid = settingNames.flatMap((name) => {
		const wrong = problem(name, squeeze(variables[name] ?? ''));
		return wrong === undefined ? [] : [error(name, name, `${wrong}.`, 'Correct the value in make.conf.')];
	});
	const fix = 'Correct the name in make.conf or in the environment of emerge. For a list, run `man 5 portcullis`.';
	const unknown = unknownSettings(Object.keys(variables));
	return [...invalid, ...unknown.map(({ name, text }) => error(name, name, text, fix))];
}

export function allHookFindings(system: SystemInfo): Finding[] {
	const { eprefix, configuration } = system;
	const configroot = configuration?.configroot.replace(/\/+$/, '') ?? eprefix;
	const others = new Set([configroot, ...crossdevRoots(eprefix)].filter((root) => root !== eprefix));
	return [...hookFindings(eprefix), ...[...others].map((root) => bashrcFinding(eprefix, root))];
}

/** Lists the folders EPREFIX/usr/TARGET in which crossdev has created a configuration (etc/portage). */
function crossdevRoots(eprefix: string): string[] {
	return namesIn(`${eprefix}/usr`)
		.filter((name) => /^[a-z0-9_]+-.+-.+/.test(name))
		.map((name) => join(eprefix, 'usr', name))
		.filter((root) => stat(join(root, 'etc/portage/make.conf')) !== undefined);
}

/** Reports the first problem of confine that it finds, such as a lost setuid bit or an old C library, or that confine works. */
export function confineFindings(system: SystemInfo): Finding[] {
	const { confine, probe, probeResult, sandboxed, libc } = system;
	const status = stat(confine);
	const observed = [confine, `mode ${probeResult.mode}`];
	if (status === undefined) {
		const meaning = `${confine} does not exist: Portcullis confines nothing.`;
		return [error('confine', 'confine', meaning, reinstall, observed)];
	}
	const setuid = (status.mode & 0o4000) !== 0 && status.uid === 0;
	const setuidFix = lostSetuidFix(system) ?? '';
	const cause = sandboxed === undefined ? undefined : causeOf(system, 'net', sandboxed);
	const failures: readonly (readonly [failed: boolean, id: string, meaning: string, fix: string])[] = [
		[
			setuidFix !== '' && !setuid,
			'setuid',
			`${confine} lost its setuid bit. Copying the file and chown(1) clear this bit.`,
			setuidFix,
		],
		[
			setuid && isNosuid(system),
			'nosuid',
			`${confine} is setuid, but its file system is mounted with nosuid: the bit has no effect.`,
			'Mount the file system with suid, or run `install.sh --no-setuid`.',
		],
		[
			probeResult.broken.includes('EACCES') && (status.mode & constants.S_IXOTH) === 0,
			'group',
			`Only group ${status.gid} may run ${confine}, and you are not in it: your builds are not confined.`,
			'Run `gpasswd --add USER portage`, and log in again.',
		],
		[
			sandboxed?.mode === 'none',
			'no_new_privs',
			`FEATURES="sandbox" sets no_new_privs, so the setuid bit of confine has no effect in a phase, and ${cause?.text}: Portcullis confines nothing.`,
			`${cause?.fix} Or disable sys-apps/sandbox, which restricts where builds write: add to make.conf: ${addWords('FEATURES', ['-sandbox'])}`,
		],
		[probeResult.broken !== '', 'confine', `${confine} does not work: ${probeResult.broken}.`, reinstall],
	];
	for (const [failed, id, meaning, fix] of failures) {
		if (failed) return [error(id, 'confine', meaning, fix, observed)];
	}
	if (libc !== undefined && probe['libc'] !== undefined && probe['libc'] !== libc) {
		const meaning = `confine contains ${probe['libc']}, and this system has ${libc}: confine lacks the security fixes of the newer version.`;
		const fix =
			'Run `emerge --oneshot app-portage/portcullis`, or `make -C native clean` in the source tree and install.sh again.';
		return [warning('libc', 'confine', meaning, fix, observed)];
	}
	const mode = probeResult.mode === 'none' ? 'starts, but cannot create namespaces' : `mode ${probeResult.mode}`;
	return [ok('confine', 'confine', `${mode}${setuid ? ', setuid' : ''}`, observed)];
}

/** Returns the command that restores the setuid bit, or undefined if neither install.sh nor the package made confine setuid. */
function lostSetuidFix({ eprefix, read }: SystemInfo): string | undefined {
	if (/^setuid yes$/m.test(read(`${eprefix}/usr/share/portcullis/installed`) ?? ''))
		return 'Run `install.sh --setuid` again.';
	const packages = `${eprefix}/var/db/pkg/app-portage`;
	const isPackageSetuid = namesIn(packages).some(
		(name) => /^portcullis-\d/.test(name) && words(read(`${packages}/${name}/USE`)).includes('suid'),
	);
	return isPackageSetuid ? 'Run `emerge --oneshot app-portage/portcullis`.' : undefined;
}

/** True if the file system of confine is mounted with nosuid. Of all mount points above confine, its mount point has the longest path. */
function isNosuid(system: SystemInfo): boolean {
	const above = mounts(system).filter(({ point }) =>
		`${system.confine}/`.startsWith(point === '/' ? '/' : `${point}/`),
	);
	const [mount] = above.sort((a, b) => b.point.length - a.point.length);
	return mount?.options.includes('nosuid') ?? false;
}

export function recordFindings({ logs, configuration }: SystemInfo): Finding[] {
	const failure = (reason: string, fix: string) =>
		error('records', 'Records', `${reason}: phases leave no record for \`portcullis report\`.`, fix, [logs]);
	const status = stat(logs);
	if (status === undefined) return [failure(`${logs} does not exist`, 'Run install.sh again.')];
	const access = `Run \`chgrp portage ${logs}; chmod 2775 ${logs}\` as root.`;
	if (configuration?.userpriv && !mayCreateFilesIn(status, configuration.userpriv))
		return [failure(`FEATURES="userpriv" runs phases as a user who cannot write to ${logs}`, access)];
	try {
		accessSync(logs, constants.W_OK | constants.X_OK);
	} catch {
		const fix = `${access} In a Gentoo Prefix, the owner of the Prefix must own this directory.`;
		return [failure(`you cannot write to ${logs}`, fix)];
	}
	return [ok('records', 'Records', 'phases can write records', [logs])];
}

/** True if the permission bits of a directory allow `user` to create files in it. */
function mayCreateFilesIn({ mode, uid, gid }: Stats, user: { uid: number; groups: readonly number[] }): boolean {
	const shift = uid === user.uid ? 6 : user.groups.includes(gid) ? 3 : 0;
	return ((mode >> shift) & 3) === 3;
}
