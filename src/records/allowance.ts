import { reservedKind } from '../util/addresses.ts';
import { paths } from '../installation/paths.ts';
import type { RunRecord } from './schema.ts';
import { problem } from '../rules/settings.ts';
import { destination } from '../messages/message.ts';

/** A file of /etc/portage and the lines that it has to have. */
export interface Addition {
	readonly file: string;
	readonly lines: readonly string[];
}

const envFile = 'no-network-sandbox.conf';
const networkOff = 'FEATURES="-network-sandbox"';

/** An atom of PMS 8.3 without USE dependencies: operator, category, name, version, slot. */
const atom =
	/^(?:[<>]=?|[=~])?[A-Za-z0-9_][A-Za-z0-9+_.-]*\/[A-Za-z0-9_][A-Za-z0-9+_.-]*(?::[A-Za-z0-9_][A-Za-z0-9+_./-]*)?$/;

/** CATEGORY/PF with a version at its end (PMS 3.2). */
const versioned = /^[^<>=~].*-[0-9][0-9a-z_.]*(-r[0-9]+)?$/;

/**
 * What lets a package's build reach the network, below `eprefix`: its package.env takes network-sandbox out of FEATURES. Package
 * and version alone are one version's atom. undefined for what is no atom.
 */
export function allowance(word: string, eprefix: string): readonly [Addition, Addition] | undefined {
	if (!atom.test(word)) return undefined;
	const { packageEnv, env } = paths(eprefix);
	return [
		{ file: `${env}/${envFile}`, lines: [networkOff] },
		{ file: packageEnv, lines: [`${versioned.test(word) ? '=' : ''}${word} ${envFile}`] },
	];
}

/** More than that is no narrow way any more. */
const mostDestinations = 16;

/** What a package has tried to reach, from records that group portage can forge: bounded, and each a word of PORTCULLIS_ALLOW. */
export class Tried {
	readonly endpoints = new Set<string>();
	/** Addresses that only a person should allow. */
	readonly reserved = new Set<string>();

	/** Adds the TCP destinations of a record; of a bound socket PORTCULLIS_ALLOW lets none through. */
	add({ blocked }: Pick<RunRecord, 'blocked'>): void {
		for (const one of blocked) {
			const place = destination(one);
			if (one.protocol !== 'tcp' || one.bound === true || !isEntry(place)) continue;
			const endpoints = reservedKind(one.address) === undefined ? this.endpoints : this.reserved;
			if (endpoints.size <= mostDestinations) endpoints.add(place);
		}
	}
}

/** The narrow way: just those places, in a file of its own. undefined where there are none, or too many. */
export function narrowAllowance(
	word: string,
	eprefix: string,
	{ endpoints }: Pick<Tried, 'endpoints'>,
): readonly [Addition, Addition] | undefined {
	const general = allowance(word, eprefix);
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

/** For a last look before anything is written: an error names what is none of the files and lines that `allow` may write. */
export function checkAddition({ file, lines }: Addition, eprefix: string): void {
	const { packageEnv, env } = paths(eprefix);
	const name = file.startsWith(`${env}/`) ? file.slice(env.length + 1) : '';
	const known = name === '' ? file === packageEnv : fileName.test(name);
	const bad = known ? lines.find((line) => !(name === '' ? isPackageLine(line) : isSetting(line))) : file;
	if (bad !== undefined) throw new Error(`"${bad}" is not written to ${eprefix}/etc/portage: its form is unexpected`);
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
