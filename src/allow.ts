import { paths } from './paths.ts';
import type { RunRecord } from './record.ts';
import { destination } from './tell/line.ts';

/** A file of /etc/portage and the lines that it has to have. */
export interface Addition {
	readonly file: string;
	readonly lines: readonly string[];
}

const envFile = 'no-network-sandbox.conf';

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
		{ file: `${env}/${envFile}`, lines: ['FEATURES="-network-sandbox"'] },
		{ file: packageEnv, lines: [`${versioned.test(word) ? '=' : ''}${word} ${envFile}`] },
	];
}

/** More than that is no narrow way any more. */
const mostDestinations = 16;

/**
 * The narrow way, for a package that tried to reach something over TCP and was not let through: just that, in a file of its own.
 * undefined where its records (all of that package) know of nothing, or of too much.
 */
export function narrowAllowance(
	word: string,
	eprefix: string,
	records: readonly Pick<RunRecord, 'blocked'>[],
): readonly [Addition, Addition] | undefined {
	const general = allowance(word, eprefix);
	const tried = records.flatMap(({ blocked }) =>
		blocked.filter(({ protocol, bound }) => protocol === 'tcp' && bound !== true),
	);
	const places = [...new Set(tried.map(destination))];
	if (general === undefined || places.length === 0 || places.length > mostDestinations) return undefined;
	const { packageEnv, env } = paths(eprefix);
	const file = `allow-${word.replace(/^[<>=~]*/, '').replace(/[^A-Za-z0-9+_.-]/g, '_')}.conf`;
	return [
		{ file: `${env}/${file}`, lines: [`PORTCULLIS_ALLOW="${places.join(' ')}"`] },
		{ file: packageEnv, lines: general[1].lines.map((line) => line.replace(envFile, file)) },
	];
}
