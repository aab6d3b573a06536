import { conflicts, type Conflict } from './table.ts';
import { decide, granted, type PhaseContext } from '../rules/decide.ts';
import type { BuildContext, Evidence } from './build_context.ts';
import { features } from '../rules/features.ts';
import { srcPhases, type Confinement } from '../rules/phases.ts';
import type { Line } from '../messages/message.ts';

export interface Found {
	readonly conflict: Conflict;
	readonly evidence: readonly Evidence[];
	/** The sandboxes that this package has, of those that it collides with. */
	readonly confinements: readonly Confinement[];
}

/** The variables of make.conf that speak for a collision or give it its size; NAME* stands for all that begin so. */
export const evidenceVariables: readonly string[] = [
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
	...new Set(
		conflicts.flatMap(({ prefilters }) => prefilters.flatMap((prefilter) => ('set' in prefilter ? prefilter.set : []))),
	),
];

/** What collides in a package, or in the whole configuration, whose facts these are; their phase doesn't matter. */
export function findConflicts(phaseContext: PhaseContext, context: BuildContext): Found[] {
	// Under fakeroot src_install has less: that is one of the collisions, and must not hide it.
	const applied = new Set(srcPhases.flatMap((phase) => granted(decide({ ...phaseContext, phase, fakeroot: '' }))));
	return conflicts.flatMap((conflict) => {
		const confinements = conflict.with.filter((what) => applied.has(what));
		if (confinements.length === 0) return [];
		if (conflict.allow !== undefined && context.allowed.includes(conflict.allow)) return [];
		const evidence = conflict.evidence(context);
		return evidence.length > 0 ? [{ conflict, evidence, confinements }] : [];
	});
}

/** A collision in words: what it is and how it was seen, who wins, and how to end it either way. */
export function describe({ conflict, evidence, confinements }: Found, context: BuildContext): string[] {
	const sandbox = confinements.map((what) => features[what]);
	const cures = [...new Set(evidence.flatMap(({ cure }) => cure ?? []))];
	const cure = cures.length > 0 ? merged(cures) : conflict.instead;
	const off = `FEATURES="${sandbox.map((word) => `-${word}`).join(' ')}"`;
	return [
		`${conflict.label} collides with FEATURES="${sandbox.join(' ')}": ${evidence.map(({ what }) => what).join('; ')}`,
		conflict.outcome,
		`In make.conf or package.env ${cure === off ? `${off} ends it` : `${cure} ends it and keeps the sandbox, and ${off} ends it the other way`}`,
		...(conflict.allow === undefined
			? []
			: [
					`PORTCULLIS_ALLOW="${conflict.allow}" there ends it as well: the sandbox lets ${conflict.label} through to its hosts, and nothing else`,
				]),
		...('DISTCC_HOSTS' in conflict.inside ? farm(context) : []),
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
function farm({ environment, processors }: BuildContext): string[] {
	const makeopts = environment['MAKEOPTS'] ?? '';
	const jobs = Number(/(?:^|\s)(?:-j|--jobs=?)\s*([0-9]+)/.exec(makeopts)?.[1] ?? 0);
	if (jobs <= 2 * processors) return [];
	return [
		`MAKEOPTS="${makeopts}" is meant for a farm, and this machine has ${processors} processors: MAKEOPTS="-j${processors}" is enough here`,
	];
}

/** What the hook says, one line a sentence. `setting` is PORTCULLIS_CONFLICT. */
export function flag(found: readonly Found[], cpv: string, setting: string, context: BuildContext): Line[] {
	if (setting === 'ignore' || found.length === 0) return [];
	if (setting !== 'die') return found.flatMap((one) => warn(one, cpv, context));
	const reasons = found.map((one) => describe(one, context).join('. ')).join('. ');
	return [{ verb: 'die', text: `Portcullis: ${cpv} is not built, as PORTCULLIS_CONFLICT="die" asks: ${reasons}.` }];
}

function warn(found: Found, cpv: string, context: BuildContext): Line[] {
	return describe(found, context).map((text, index) => ({
		verb: 'ewarn',
		text: index === 0 ? `Portcullis: ${cpv}: ${text}` : `  ${text}`,
	}));
}
