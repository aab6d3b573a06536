// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { words, type Environment } from '../util/environment.ts';
import { orUndefined, readStart, stat } from '../util/files.ts';
import { isRootControlled } from '../util/trust.ts';
import type { Settings } from '../rules/settings.ts';

/** The variables, FEATURES, user and processors of a build. The functions of evidence.ts search them for conflicts. */
export type BuildContext = Readonly<ReturnType<typeof buildContextOf>>;

/** Returns the build context for this environment and the user of this process. Applies ENV_UNSET as EAPI 7 and later do (PMS 7.4). */
export function buildContextOf(all: Environment, features: readonly string[], settings?: Settings) {
	const unset = words(all['ENV_UNSET']);
	const environment: Environment = Object.fromEntries(Object.entries(all).filter(([name]) => !unset.includes(name)));
	return {
		environment,
		features,
		/** The words of PORTCULLIS_ALLOW. */
		allowed: words(settings?.PORTCULLIS_ALLOW),
		/** True if PORTCULLIS_SOCKETS is own: a phase without network can then use only the UNIX sockets that it has bound. False: also those of the host that have a path. */
		ownSockets: settings?.PORTCULLIS_SOCKETS === 'own',
		/** The effective UID of this process. 0 stands for a build of root, whose phases Portage itself isolates. */
		uid: process.geteuid?.() ?? 0,
		processors: availableParallelism(),
	};
}

export function variable({ environment }: BuildContext, name: string): string {
	return environment[name] ?? '';
}

/** Returns the text of a file; '' if the file is not readable or, for root, if another user can replace the file. */
export function trustedText(file: string): string {
	const isTrusted = () => process.geteuid?.() !== 0 || isRootControlled(file);
	return orUndefined(() => (isTrusted() ? readFileSync(file, 'utf8') : '')) ?? '';
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
