// SPDX-License-Identifier: GPL-2.0-or-later
import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { words, type Environment } from '../util/environment.ts';
import { orUndefined, readStart, stat } from '../util/files.ts';
import type { Settings } from '../rules/settings.ts';

/** The variables, FEATURES, user and processors of a build. The functions of evidence.ts search them for conflicts. */
export interface BuildContext {
	readonly environment: Environment;
	readonly features: readonly string[];
	/** The words of PORTCULLIS_ALLOW. */
	readonly allowed: readonly string[];
	/** True if PORTCULLIS_SOCKETS is own: a phase without network can use only the UNIX sockets that it has bound. */
	readonly ownSockets: boolean;
	/** The effective UID of the phases. If it is 0, Portage itself isolates the phases. */
	readonly uid: number;
	/** The number of processors that the build can use. */
	readonly processors: number;
}

/** Returns the build context for this environment and the user of this process. Applies ENV_UNSET as EAPI 7 and later do (PMS 7.4). */
export function buildContextOf(
	environment: Environment,
	features: readonly string[],
	settings?: Settings,
): BuildContext {
	const unset = words(environment['ENV_UNSET']);
	return {
		environment: Object.fromEntries(Object.entries(environment).filter(([name]) => !unset.includes(name))),
		features,
		allowed: words(settings?.PORTCULLIS_ALLOW),
		ownSockets: settings?.PORTCULLIS_SOCKETS === 'own',
		uid: process.geteuid?.() ?? 0,
		processors: availableParallelism(),
	};
}

/** Returns the value of an environment variable, or '' if it is not set. */
export function variable({ environment }: BuildContext, name: string): string {
	return environment[name] ?? '';
}

/** Returns the text of a file, or '' if it is not readable. Root reads only files that no other user can replace. */
export function trustedText(file: string): string {
	const isTrusted = () => process.geteuid?.() !== 0 || isRootControlled(file);
	return orUndefined(() => (isTrusted() ? readFileSync(file, 'utf8') : '')) ?? '';
}

/** True if only root can change or replace the file at this path. In a sticky directory, other users cannot replace root's files. */
function isRootControlled(file: string): boolean {
	return [file, realpathSync(file)].every((path) => {
		for (let current = path; ; current = dirname(current)) {
			const { uid, mode } = lstatSync(current);
			const isSticky = (mode & 0o1000) !== 0;
			const isLink = (mode & 0o170000) === 0o120000;
			if (uid !== 0 || ((mode & 0o022) !== 0 && !isSticky && !isLink)) return false;
			if (current === dirname(current)) return true;
		}
	});
}

/** Returns the lines of a configuration file without comments and empty lines. */
export function configurationLines(file: string): string[] {
	return trustedText(file)
		.split('\n')
		.map((line) => line.replace(/#.*/, '').trim())
		.filter(Boolean);
}

export function isSocket(file: string): boolean {
	return stat(file)?.isSocket() ?? false;
}

/** Lists the executables with the name of a command, in the order of PATH. A command with a slash is a path and not searched in PATH. */
export function executables(context: BuildContext, command: string): string[] {
	const directories = variable(context, 'PATH').split(':').filter(Boolean);
	const files = command.includes('/') ? [command] : directories.map((directory) => join(directory, command));
	return files.filter((file) => {
		const found = stat(file);
		return found?.isFile() === true && (found.mode & 0o111) !== 0;
	});
}

/** True if the executable is the tool, a link to it, or a script that calls it. */
export function runsTool(file: string, tool: string): boolean {
	const target = realpathSync(file);
	if (basename(target) === tool) return true;
	const start = readStart(target, 16_384);
	if (!start.startsWith('#!')) return false;
	const call = new RegExp(`(^|[\\s/"'=;|&(])${tool}($|[\\s"';)])`);
	return start.split('\n').some((line) => !/^\s*#/.test(line) && call.test(line));
}
