import { collisions, type Collision } from './table.ts';
import { decide, granted, type Facts } from '../rules/decide.ts';
import type { Around, Evidence } from './build_context.ts';
import type { Environment } from '../util/environment.ts';
import { features } from '../rules/features.ts';
import { srcPhases, type Confinement } from '../rules/phases.ts';
import type { Line } from '../messages/line.ts';

export interface Found {
	readonly collision: Collision;
	readonly evidence: readonly Evidence[];
	/** The sandboxes that this package has, of those that it collides with. */
	readonly confinements: readonly Confinement[];
}

/** The variables of make.conf that speak for a collision or give it its size; NAME* stands for all that begin so. */
export const smelled: readonly string[] = [
	'MAKEOPTS',
	'ENV_UNSET',
	'CC',
	'CXX',
	'CPP',
	'FC',
	'CCACHE_*',
	'DISTCC_*',
	'ICECC*',
	'SCCACHE_*',
	...new Set(collisions.flatMap(({ smells }) => smells.flatMap((smell) => ('set' in smell ? smell.set : [])))),
];

/** What collides in a package, or in the whole configuration, whose facts these are; their phase doesn't matter. */
export function findCollisions(facts: Facts, around: Around): Found[] {
	// Under fakeroot src_install has less: that is one of the collisions, and must not hide it.
	const had = new Set(srcPhases.flatMap((phase) => granted(decide({ ...facts, phase, fakeroot: '' }))));
	return collisions.flatMap((collision) => {
		const confinements = collision.with.filter((what) => had.has(what));
		if (confinements.length === 0) return [];
		if (collision.allow !== undefined && around.allowed.includes(collision.allow)) return [];
		const evidence = collision.evidence(around);
		return evidence.length > 0 ? [{ collision, evidence, confinements }] : [];
	});
}

/** The environment that a phase with a network sandbox gets, so that its build goes on at once. */
export function inside(found: readonly Found[], environment: Environment): Environment {
	const changes = Object.fromEntries(found.flatMap(({ collision }) => Object.entries(collision.inside)));
	return Object.fromEntries(
		Object.entries({ ...environment, ...changes }).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
	);
}

/** A collision in words: what it is and how it was seen, who wins, and how to end it either way. */
export function describe({ collision, evidence, confinements }: Found, around: Around): string[] {
	const sandbox = confinements.map((what) => features[what]);
	const cures = [...new Set(evidence.flatMap(({ cure }) => cure ?? []))];
	const cure = cures.length > 0 ? merged(cures) : collision.instead;
	const off = `FEATURES="${sandbox.map((word) => `-${word}`).join(' ')}"`;
	return [
		`${collision.thing} collides with FEATURES="${sandbox.join(' ')}": ${evidence.map(({ what }) => what).join('; ')}`,
		collision.happens,
		`In make.conf or package.env ${cure === off ? `${off} ends it` : `${cure} ends it and keeps the sandbox, and ${off} ends it the other way`}`,
		...(collision.allow === undefined
			? []
			: [
					`PORTCULLIS_ALLOW="${collision.allow}" there ends it as well: the sandbox lets ${collision.thing} through to its hosts, and nothing else`,
				]),
		...('DISTCC_HOSTS' in collision.inside ? farm(around) : []),
	];
}

/** Two lines for one list are one: in make.conf the last would count alone. */
function merged(cures: readonly string[]): string {
	const lists = ['FEATURES', 'ENV_UNSET'].flatMap((name) => {
		const words = cures.flatMap((cure) => (cure.startsWith(`${name}=`) ? cure.slice(name.length + 2, -1) : []));
		return words.length > 0 ? [`${name}="${words.join(' ')}"`] : [];
	});
	return [...lists, ...cures.filter((cure) => !/^(FEATURES|ENV_UNSET)=/.test(cure))].join(' ');
}

/** As many jobs as a farm can take are too many for one machine. */
function farm({ environment, processors }: Around): string[] {
	const makeopts = environment['MAKEOPTS'] ?? '';
	const jobs = Number(/(?:^|\s)(?:-j|--jobs=?)\s*([0-9]+)/.exec(makeopts)?.[1] ?? 0);
	if (jobs <= 2 * processors) return [];
	return [
		`MAKEOPTS="${makeopts}" is meant for a farm, and this machine has ${processors} processors: MAKEOPTS="-j${processors}" is enough here`,
	];
}

/** What the hook says, one line a sentence. `setting` is PORTCULLIS_COLLISION. */
export function flag(found: readonly Found[], cpv: string, setting: string, around: Around): Line[] {
	if (setting === 'ignore' || found.length === 0) return [];
	if (setting !== 'die') return found.flatMap((one) => warn(one, cpv, around));
	const reasons = found.map((one) => describe(one, around).join('. ')).join('. ');
	return [{ verb: 'die', text: `Portcullis: ${cpv} is not built, as PORTCULLIS_COLLISION="die" asks: ${reasons}.` }];
}

function warn(found: Found, cpv: string, around: Around): Line[] {
	return describe(found, around).map((text, index) => ({
		verb: 'ewarn',
		text: index === 0 ? `Portcullis: ${cpv}: ${text}` : `  ${text}`,
	}));
}
