import { reservedKind } from '../util/addresses.ts';
import { withoutVersion } from '../util/grammar.ts';
import { paths } from '../installation/paths.ts';
import type { RunRecord } from './schema.ts';
import { problem } from '../rules/settings.ts';
import { destination } from '../messages/message.ts';

/** Lines to add to a file of /etc/portage. */
export interface Addition {
	readonly file: string;
	readonly lines: readonly string[];
}

const envFile = 'no-network-sandbox.conf';
const networkOff = 'FEATURES="-network-sandbox"';

/** An atom of PMS 8.3 without USE dependencies: operator, category, name, version, slot. */
const atom =
	/^(?:[<>]=?|[=~])?[A-Za-z0-9_][A-Za-z0-9+_.-]*\/[A-Za-z0-9_][A-Za-z0-9+_.-]*(?::[A-Za-z0-9_][A-Za-z0-9+_./-]*)?$/;

/**
 * The lines that build a package without network-sandbox, for the files below `eprefix`. CATEGORY/PF becomes the atom =CATEGORY/PF.
 * undefined if the word is not an atom.
 */
export function generalAllowance(word: string, eprefix: string): readonly [Addition, Addition] | undefined {
	if (!atom.test(word)) return undefined;
	const { packageEnv, env } = paths(eprefix);
	const isVersioned = /^[^<>=~]/.test(word) && withoutVersion(word) !== word;
	return [
		{ file: `${env}/${envFile}`, lines: [networkOff] },
		{ file: packageEnv, lines: [`${isVersioned ? '=' : ''}${word} ${envFile}`] },
	];
}

/** With more destinations no list is offered: the build needs the whole network. */
const mostDestinations = 16;

/**
 * The destinations that a package tried to reach. Members of group portage can forge records, so the number is bounded and every
 * destination is checked to be a word of PORTCULLIS_ALLOW.
 */
export class AttemptedDestinations {
	readonly endpoints = new Set<string>();
	/** Addresses of this host, link-local addresses and so on, which only the user should allow. */
	readonly reserved = new Set<string>();

	/** Adds the TCP destinations of a record, except those of bound sockets, which PORTCULLIS_ALLOW does not permit. */
	add({ blocked }: Pick<RunRecord, 'blocked'>): void {
		for (const attempt of blocked) {
			const entry = destination(attempt);
			if (attempt.protocol !== 'tcp' || attempt.bound === true || !isEntry(entry)) continue;
			const endpoints = reservedKind(attempt.address) === undefined ? this.endpoints : this.reserved;
			if (endpoints.size <= mostDestinations) endpoints.add(entry);
		}
	}
}

/** The lines that allow only these destinations. undefined if there are none or too many. */
export function narrowAllowance(
	word: string,
	eprefix: string,
	{ endpoints }: Pick<AttemptedDestinations, 'endpoints'>,
): readonly [Addition, Addition] | undefined {
	const general = generalAllowance(word, eprefix);
	if (general === undefined || endpoints.size === 0 || endpoints.size > mostDestinations) return undefined;
	const { packageEnv, env } = paths(eprefix);
	const file = `allow-${word.replace(/^[<>=~]*/, '').replace(/[^A-Za-z0-9+_.-]/g, '_')}.conf`;
	return [
		{ file: `${env}/${file}`, lines: [`PORTCULLIS_ALLOW="${[...endpoints].join(' ')}"`] },
		{ file: packageEnv, lines: general[1].lines.map((line) => line.replace(envFile, file)) },
	];
}

function isEntry(text: string): boolean {
	return text !== '' && problem('PORTCULLIS_ALLOW', text) === undefined;
}

/** Checks an addition just before it is written. Throws if `allow` may not write this file or line. */
export function checkAddition({ file, lines }: Addition, eprefix: string): void {
	const { packageEnv, env } = paths(eprefix);
	const name = file.startsWith(`${env}/`) ? file.slice(env.length + 1) : '';
	const known = name === '' ? file === packageEnv : fileName.test(name);
	const unexpected = known ? lines.find((line) => !(name === '' ? isPackageLine(line) : isSetting(line))) : file;
	if (unexpected !== undefined)
		throw new Error(`"${unexpected}" is not written to ${eprefix}/etc/portage: its form is unexpected`);
}

const fileName = /^[A-Za-z0-9_][A-Za-z0-9+_.-]*\.conf$/;

function isPackageLine(line: string): boolean {
	const [word = '', name = '', more] = line.split(' ');
	return atom.test(word) && fileName.test(name) && more === undefined;
}

function isSetting(line: string): boolean {
	const list = /^PORTCULLIS_ALLOW="([^"]*)"$/.exec(line)?.[1];
	return line === networkOff || (list !== undefined && list.split(' ').every(isEntry));
}
