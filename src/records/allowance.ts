// SPDX-License-Identifier: GPL-2.0-or-later
import { isIP } from 'node:net';
import { urlEndpoints, type Endpoint } from '../conflicts/endpoints.ts';
import { reservedKind } from '../util/addresses.ts';
import { withoutVersion } from '../util/grammar.ts';
import { paths } from '../installation/paths.ts';
import type { Program, RunRecord } from './schema.ts';
import { features } from '../rules/features.ts';
import { problem } from '../rules/settings.ts';
import { destination } from '../messages/message.ts';

/** Lines that `portcullis allow` adds to a file in /etc/portage. */
export interface Addition {
	readonly file: string;
	readonly lines: readonly string[];
}

/** Matches an atom (PMS 8.3) without USE dependencies: operator, category, name, version, slot. */
const atom =
	/^(?:[<>]=?|[=~])?[A-Za-z0-9_][A-Za-z0-9+_.-]*\/[A-Za-z0-9_][A-Za-z0-9+_.-]*(?::[A-Za-z0-9_][A-Za-z0-9+_./-]*)?$/;

/** Converts an argument to an atom: CATEGORY/PF becomes =CATEGORY/PF. Returns undefined if the argument is not an atom. */
export function atomOf(word: string): string | undefined {
	if (!atom.test(word)) return undefined;
	return /^[^<>=~]/.test(word) && withoutVersion(word) !== word ? `=${word}` : word;
}

/** The names of two files in /etc/portage/env: `narrow` permits the destinations of a package, `whole` permits the whole network. */
export function envFiles(word: string): { narrow: string; whole: string } {
	const name = word.replace(/^[<>=~]*/, '').replace(/[^A-Za-z0-9+_.-]/g, '_');
	return { narrow: `allow-${name}.conf`, whole: 'no-network-sandbox.conf' };
}

/** The line of a file in /etc/portage/env that permits the whole network. Portage adds the words of that file to FEATURES of make.conf. */
export const wholeNetwork = `FEATURES="-${features.net}"`;

/** Returns the lines that permit a package these destinations or, for 'whole', remove network-sandbox from its FEATURES. */
export function additionsFor(
	word: string,
	eprefix: string,
	destinations: readonly string[] | 'whole',
): readonly [Addition, Addition] {
	const { packageEnv, env } = paths(eprefix);
	const isWhole = destinations === 'whole';
	const file = envFiles(word)[isWhole ? 'whole' : 'narrow'];
	const setting = isWhole ? wholeNetwork : `PORTCULLIS_ALLOW="${destinations.join(' ')}"`;
	return [
		{ file: `${env}/${file}`, lines: [setting] },
		{ file: packageEnv, lines: [`${word} ${file}`] },
	];
}

/** Maximum number of destinations that `allow` lists. For a package with more, `allow` fails and recommends --whole. */
export const mostDestinations = 16;

/** The port (HTTPS) that `allow` assumes for a host of which the records contain only the lookup of its name. */
const GUESS = 443;

/**
 * The destinations that a package tried to reach. Members of group portage can forge records, so this class limits the number of
 * destinations and accepts only valid words of PORTCULLIS_ALLOW.
 */
export class AttemptedDestinations {
	/** Maps HOST:PORT or ADDRESS:PORT to true if the port is a guess, because only a lookup of HOST was recorded and no URL on a command line has its port. */
	readonly #entries = new Map<string, boolean>();
	/** Destinations with reserved addresses, such as 127.0.0.1. `allow` does not add them, because a build could try them to get access to services of this host. */
	readonly reserved = new Set<string>();

	/** Adds the TCP destinations of a record. Omits those of sockets that the program had bound, for which PORTCULLIS_ALLOW has no effect. */
	add({ blocked, observed, names }: Pick<RunRecord, 'blocked' | 'observed' | 'names'>): void {
		for (const attempt of [...blocked, ...observed]) {
			const entry = destination(attempt);
			if (attempt.protocol !== 'tcp' || attempt.bound || !isEntry(entry)) continue;
			if (reservedKind(attempt.address) !== undefined) {
				if (this.reserved.size < mostDestinations) this.reserved.add(entry);
				continue;
			}
			const hosts = new Set(urlsOf(attempt).flatMap(({ host, port }) => (port === attempt.port ? host : [])));
			const [host = ''] = hosts;
			const isNamed = hosts.size === 1 && isIP(host) === 0;
			if (isNamed) this.#add(`${host}:${attempt.port}`, false);
			// Nothing blocked this connection, so it may follow a redirection to another host than that of the URL: add its address too.
			if (!isNamed || observed.includes(attempt)) this.#add(entry, false);
		}
		for (const lookup of names) {
			if (!['A', 'AAAA'].includes(lookup.type)) continue;
			const found = urlsOf(lookup).filter(({ host }) => host === lookup.name.toLowerCase());
			for (const { port } of found) this.#add(`${lookup.name}:${port}`, false);
			if (found.length === 0) this.#add(`${lookup.name}:${GUESS}`, true);
		}
	}

	/** Returns the destinations. Omits guesses for a host whose port is known, and names to which the resolver appended a search domain. */
	entries(): { entry: string; isGuess: boolean }[] {
		const all = [...this.#entries].map(([entry, isGuess]) => ({ entry, isGuess, host: entry.replace(/:\d+$/, '') }));
		return all.filter(
			({ host, isGuess }) =>
				!isGuess || !all.some((other) => (other.host === host && !other.isGuess) || host.startsWith(`${other.host}.`)),
		);
	}

	#add(entry: string, isGuess: boolean): void {
		if (!isEntry(entry) || (this.#entries.size > mostDestinations && !this.#entries.has(entry))) return;
		this.#entries.set(entry, isGuess && this.#entries.get(entry) !== false);
	}
}

/** Finds URLs, and git's USER@HOST:PATH, in the command lines of a program and its parents. Returns their hosts and ports. */
function urlsOf({ argv, parents }: Program): Endpoint[] {
	const text = [argv.join(' '), ...parents].join(' ');
	const remotes = [...text.matchAll(/(?:^|\s)[\w.-]+@([\w.-]+):(?!\/\/)/g)];
	return [...urlEndpoints(text), ...remotes.map(([, host = '']) => ({ host, port: 22 }))]
		.filter(({ port }) => port > 0)
		.map(({ host, port }) => ({ host: host.toLowerCase(), port }));
}

function isEntry(text: string): boolean {
	return text !== '' && problem('PORTCULLIS_ALLOW', text) === undefined;
}

/** Throws an Error for a file or line not of the form that `allow` writes, so that forged records cannot add others. */
export function checkAddition({ file, lines }: Addition, eprefix: string): void {
	const { packageEnv, env } = paths(eprefix);
	const name = file.startsWith(`${env}/`) ? file.slice(env.length + 1) : '';
	const known = name === '' ? file === packageEnv : fileName.test(name);
	const unexpected = known ? lines.find((line) => !(name === '' ? isPackageLine(line) : isSetting(line))) : file;
	if (unexpected !== undefined)
		throw new Error(
			`portcullis allow does not write "${unexpected}" to ${eprefix}/etc/portage, because it never writes files or lines of this form`,
		);
}

const fileName = /^[A-Za-z0-9_][A-Za-z0-9+_.-]*\.conf$/;

function isPackageLine(line: string): boolean {
	const [word = '', name = '', more] = line.split(' ');
	return atom.test(word) && fileName.test(name) && more === undefined;
}

/** Returns the destinations in a PORTCULLIS_ALLOW line that `allow` has written; undefined if the line is a different one. */
export function allowedBy(line: string): string[] | undefined {
	const list = /^PORTCULLIS_ALLOW="([^"]*)"$/.exec(line)?.[1]?.split(' ');
	return list?.every(isEntry) === true ? list : undefined;
}

function isSetting(line: string): boolean {
	return line === wholeNetwork || allowedBy(line) !== undefined;
}
