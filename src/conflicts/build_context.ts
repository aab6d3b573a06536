import { closeSync, lstatSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { words, type Environment } from '../util/environment.ts';
import { stat } from '../util/files.ts';

/** Where evidence is looked for: the environment of a phase, or of a shell that asks for `explain`. */
export interface BuildContext {
	readonly environment: Environment;
	/** The words of FEATURES. */
	readonly features: readonly string[];
	/** The words of PORTCULLIS_ALLOW. */
	readonly allowed: readonly string[];
	/** Whose phases these are; 0 is root, for whom Portage does more. */
	readonly uid: number;
	/** How many processors may be used here. */
	readonly processors: number;
}

export interface Evidence {
	/** In words, after "Portcullis: app-misc/foo-1: distcc collides with FEATURES=network-sandbox: ". */
	readonly what: string;
	/** The line of make.conf or package.env that takes it away and keeps the sandbox. */
	readonly cure?: string;
}

/** This process's surroundings, with that environment, as a phase of EAPI 7 or later has it (PMS 7.4 about ENV_UNSET). */
export function buildContextOf(environment: Environment, features: readonly string[], allow = ''): BuildContext {
	const unset = words(environment['ENV_UNSET']);
	return {
		environment: Object.fromEntries(Object.entries(environment).filter(([name]) => !unset.includes(name))),
		features,
		allowed: words(allow),
		uid: process.geteuid?.() ?? 0,
		processors: availableParallelism(),
	};
}

/** A variable's value, '' where it has none. */
export function value({ environment }: BuildContext, name: string): string {
	return environment[name] ?? '';
}

/** `FEATURES names WORD`, if it does. */
export function feature(context: BuildContext, word: string): Evidence[] {
	return context.features.includes(word) ? [{ what: `FEATURES names ${word}`, cure: `FEATURES="-${word}"` }] : [];
}

/** The text of a file, '' where there is none that we may read. Root reads none that another user may have put there. */
export function text(file: string): string {
	try {
		return process.geteuid?.() === 0 && !isOfRoot(file) ? '' : readFileSync(file, 'utf8');
	} catch {
		return '';
	}
}

/** Whether only root can change what this path leads to: the file, and each folder on the way to it (in a sticky one, what is root's). */
function isOfRoot(file: string): boolean {
	return [file, realpathSync(file)].every((path) => {
		for (let one = path; ; one = dirname(one)) {
			const { uid, mode } = lstatSync(one);
			if (uid !== 0 || ((mode & 0o022) !== 0 && (mode & 0o1000) === 0 && (mode & 0o170000) !== 0o120000)) return false;
			if (one === dirname(one)) return true;
		}
	});
}

export function isSocket(file: string): boolean {
	return stat(file)?.isSocket() ?? false;
}

/** The folders of PATH, in their order. */
export function folders(context: BuildContext): string[] {
	return value(context, 'PATH').split(':').filter(Boolean);
}

/** Every file that a command's name could mean, in the order of PATH; a path means itself. */
export function candidates(context: BuildContext, command: string): string[] {
	const files = command.includes('/') ? [command] : folders(context).map((folder) => join(folder, command));
	return files.filter(isProgram);
}

function isProgram(file: string): boolean {
	const found = stat(file);
	return found !== undefined && found.isFile() && (found.mode & 0o111) !== 0;
}

const scriptLength = 16_384;

/** Whether running this file is running that tool: it is the tool, by whatever name, or a script that calls it. */
export function isTool(file: string, tool: string): boolean {
	const real = realpathSync(file);
	if (basename(real) === tool) return true;
	const start = beginning(real);
	return (
		start.startsWith('#!') && code(start).some((line) => new RegExp(`(^|[\\s/"'=;|&(])${tool}($|[\\s"';)])`).test(line))
	);
}

function code(script: string): string[] {
	return script.split('\n').filter((line) => !/^\s*#/.test(line));
}

function beginning(file: string): string {
	try {
		const fd = openSync(file, 'r');
		try {
			const buffer = Buffer.alloc(scriptLength);
			return buffer.toString('latin1', 0, readSync(fd, buffer, 0, scriptLength, 0));
		} finally {
			closeSync(fd);
		}
	} catch {
		return '';
	}
}

/** The lines of a file of settings, without comments. */
export function lines(file: string): string[] {
	return text(file)
		.split('\n')
		.map((line) => line.replace(/#.*/, '').trim())
		.filter(Boolean);
}

/** Whether a host's name or address is this host itself. */
export function isLoopback(host: string): boolean {
	return /^(localhost(\.localdomain)?|127(\.[0-9]+){3}|\[?::1\]?)$/i.test(host);
}
