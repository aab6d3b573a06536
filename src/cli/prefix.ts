// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import { readdirSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { installation, paths } from '../installation/paths.ts';
import { interpreter } from '../portage/resolve_package.ts';
import { quote } from '../util/environment.ts';
import { isFolder, namesIn, stat } from '../util/files.ts';
import { components, isSticky } from '../util/trust.ts';
import { UntrustedError, UsageError, type Input } from './command.ts';

/** Returns the value of --eprefix without a final slash, by default the Prefix of the running program. */
export function eprefixOf(values: Input['values']): string {
	const eprefix = (values['eprefix'] ?? installation().eprefix).replace(/\/+$/, '');
	if (eprefix !== '' && !eprefix.startsWith('/')) {
		throw new UsageError(`--eprefix takes an absolute path, not "${eprefix}"`);
	}
	return eprefix;
}

/**
 * Returns the Gentoo Prefix whose programs this command starts. Throws a UsageError if the Prefix does not exist, and an UntrustedError
 * if this program runs as root and another user can replace one of those programs, or the configuration that they read.
 */
export function prefixOf(values: Input['values']): string {
	const eprefix = eprefixOf(values);
	if (eprefix === '') return eprefix;
	if (!isFolder(eprefix)) throw new UsageError(`--eprefix: there is no folder ${eprefix}`);
	if (process.geteuid?.() === 0) checkStarted(eprefix);
	return eprefix;
}

/**
 * Checks the programs in a Prefix that portcullis and Portage execute, and the configuration that they read. Checks each path before it reads
 * the file or folder, because another user can put a FIFO or a link to a large tree there.
 */
function checkStarted(eprefix: string): void {
	const { bashrc, hook, portcullis, program, confine } = paths(eprefix);
	const emerge = ['emerge', 'ebuild'].map((name) => `${eprefix}/usr/bin/${name}`);
	const lib = `${eprefix}/usr/lib`;
	const folders = ['bin', 'lib', 'lib64', 'usr/lib64'].map((name) => `${eprefix}/${name}`);
	const programs = [hook, portcullis, program, confine, `${eprefix}/usr/bin/python3`, ...emerge];
	for (const path of [eprefix, lib, ...folders, ...programs]) checkPath(eprefix, path);
	const pythons = namesIn(lib).filter((name) => name.startsWith('python'));
	const trees = [`${lib}/portage`, `${lib}/python-exec`, `${eprefix}/etc/python-exec`, dirname(bashrc)];
	trees.push(...pythons.map((name) => `${lib}/${name}/site-packages/portage`));
	for (const path of trees) checkTree(eprefix, path);
	for (const path of emerge.flatMap(interpreter)) checkPath(eprefix, path);
}

/**
 * Checks a path and, if it is a folder or a link to one, the files in it. Omits make.profile, usually a link into a repository, whose owner can
 * change the ebuilds that root runs anyway. `seen` contains the folders that are checked already.
 */
function checkTree(eprefix: string, path: string, seen = new Set<string>()): void {
	checkPath(eprefix, path);
	const stats = stat(path);
	const key = `${stats?.dev}:${stats?.ino}`;
	if (stats?.isDirectory() !== true || seen.has(key)) return;
	seen.add(key);
	for (const name of readdirSync(path)) if (name !== 'make.profile') checkTree(eprefix, `${path}/${name}`, seen);
}

/**
 * Throws an UntrustedError if another user than root can change a component of `path`, by the rule of install.d/trust.bash. A component that
 * is a sticky folder is accepted, because other users cannot replace entries of root there. But the last component is refused even if it is
 * sticky, because other users can create files in it.
 */
function checkPath(eprefix: string, path: string): void {
	const visited = components(path);
	for (const [index, [name, stats]] of visited.entries()) {
		if (stats.uid !== 0) {
			const command = [installation().portcullis, ...process.argv.slice(2)].map(quote).join(' ');
			throw new UntrustedError(
				`${name} belongs to user ${stats.uid}, so root runs no program in ${eprefix}. To run this command as that user, run: setsid --wait setpriv --reuid=${stats.uid} --regid=${stats.gid} --clear-groups ${command}`,
			);
		}
		const isSafe = stats.isSymbolicLink() || (isSticky(stats) && index < visited.length - 1);
		const writer = isSafe ? '' : writerOf(name, stats);
		if (writer !== '') {
			throw new UntrustedError(
				`${name} can be written by ${writer}, so root runs no program in ${eprefix}. If you trust its content, run: chmod go-w ${quote(name)}`,
			);
		}
	}
}

/** Describes the users, other than root, who can write a file that root owns; '' if there are none. */
function writerOf(path: string, { mode, gid }: Stats): string {
	if ((mode & 0o002) !== 0) return 'every user';
	if ((mode & 0o020) === 0) return '';
	if (gid !== 0) return `group ${gid}`;
	// ls shows + for an ACL. The group bits of the mode are then the ACL's mask, so other users or groups may be permitted to write (acl(5)).
	return /^\S{10}\+/.test(execFileSync('ls', ['-ld', '--', path], { encoding: 'utf8' })) ? 'other users' : '';
}
