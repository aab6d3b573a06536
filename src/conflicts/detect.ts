// SPDX-License-Identifier: GPL-2.0-or-later
import type { Line } from '../messages/message.ts';
import { decide, granted, type PhaseContext } from '../rules/decide.ts';
import { features } from '../rules/features.ts';
import { srcPhases, type Confinement } from '../rules/phases.ts';
import type { BuildContext } from './build_context.ts';
import { compilerVariables, type Evidence } from './evidence.ts';
import { conflicts, type Conflict } from './table.ts';

export interface FoundConflict {
	readonly conflict: Conflict;
	readonly evidence: readonly Evidence[];
	/** The confinements that cause the conflict, out of those that the package gets. */
	readonly confinements: readonly Confinement[];
}

/** The variables that the functions of evidence.ts read. NAME* stands for all variables with this prefix. */
export const evidenceVariables: readonly string[] = [
	...['CHOST', 'MAKEOPTS', 'ENV_UNSET', 'CCACHE_*', 'DISTCC_*', 'ICECC*', 'SCCACHE_*'],
	...compilerVariables,
	...new Set(
		conflicts.flatMap(({ prefilters }) => prefilters.flatMap((prefilter) => ('set' in prefilter ? prefilter.set : []))),
	),
];

/** Finds the conflicts of a package or of the whole configuration. `phaseContext.phase` is ignored. */
export function findConflicts(phaseContext: PhaseContext, context: BuildContext): FoundConflict[] {
	// Decide as if fakeroot were not in use. A sandbox that fakeroot disables is a conflict, so it must count as applied.
	const applied = new Set(srcPhases.flatMap((phase) => granted(decide({ ...phaseContext, phase, fakeroot: '' }))));
	const found: FoundConflict[] = [];
	for (const conflict of conflicts) {
		const confinements = conflict.with.filter((what) => applied.has(what));
		if (confinements.length === 0) continue;
		if (conflict.allow !== undefined && context.allowed.includes(conflict.allow)) continue;
		const evidence = conflict.evidence(context);
		if (evidence.length > 0) found.push({ conflict, evidence, confinements });
	}
	return found;
}

/** Describes a conflict in sentences: the evidence (summary), the effects on a build that continues (outcome), and the fixes. */
export function describeConflict({ conflict, evidence, confinements }: FoundConflict, context: BuildContext) {
	const sandbox = confinements.map((what) => features[what]);
	const fixes = [...new Set(evidence.flatMap(({ fix }) => fix ?? []))];
	const fix = fixes.length > 0 ? mergeAssignments(fixes) : conflict.fix;
	const noSandbox = `FEATURES="${sandbox.map((word) => `-${word}`).join(' ')}"`;
	return {
		summary: `${conflict.label} conflicts with FEATURES="${sandbox.join(' ')}": ${evidence.map(({ text }) => text).join('; ')}.`,
		outcome: [conflict.outcome, ...('DISTCC_HOSTS' in conflict.inside ? makeoptsAdvice(context) : [])],
		fixes: [
			`To keep the sandbox, set ${fix} in make.conf or package.env. To disable the sandbox, set ${noSandbox}.`,
			...(conflict.allow === undefined
				? []
				: [`To let ${conflict.label} reach only its hosts, set PORTCULLIS_ALLOW="${conflict.allow}".`]),
		],
	};
}

/** Merges assignments to the same list variable into one, because only the last assignment in make.conf has an effect. */
function mergeAssignments(assignments: readonly string[]): string {
	const lists = ['FEATURES', 'ENV_UNSET'].flatMap((name) => {
		const words = assignments.flatMap((one) => (one.startsWith(`${name}=`) ? one.slice(name.length + 2, -1) : []));
		return words.length > 0 ? [`${name}="${words.join(' ')}"`] : [];
	});
	return [...lists, ...assignments.filter((one) => !/^(FEATURES|ENV_UNSET)=/.test(one))].join(' ');
}

/** Returns advice to lower -j in MAKEOPTS if it exceeds twice the number of processors, as is usual with several distcc hosts. */
function makeoptsAdvice({ environment, processors }: BuildContext): string[] {
	const makeopts = environment['MAKEOPTS'] ?? '';
	const jobs = Number(/(?:^|\s)(?:-j|--jobs=?)\s*([0-9]+)/.exec(makeopts)?.[1] ?? 0);
	if (jobs <= 2 * processors) return [];
	return [
		`MAKEOPTS="${makeopts}" is too high for the ${processors} processors of this machine. Set MAKEOPTS="-j${processors}".`,
	];
}

/** Returns the messages that the hook prints about conflicts, one sentence per line. `setting` is PORTCULLIS_CONFLICT. */
export function conflictLines(
	found: readonly FoundConflict[],
	cpv: string,
	setting: string,
	context: BuildContext,
): Line[] {
	if (setting === 'ignore' || found.length === 0) return [];
	const isFatal = setting === 'die';
	const lines = found.flatMap((one): Line[] => {
		const { summary, outcome, fixes } = describeConflict(one, context);
		const more = [...(isFatal ? [] : outcome), ...fixes].map((text) => `  ${text}`);
		return [`Portcullis: ${cpv}: ${summary}`, ...more].map((text) => ({
			verb: 'ewarn',
			text,
			// Print a warning once per run of emerge, because most conflicts concern all packages. A build that stops prints it again.
			...(isFatal ? {} : { once: `${one.conflict.name} ${text.replace(cpv, '')}` }),
		}));
	});
	if (!isFatal) return lines;
	const labels = found.map(({ conflict }) => conflict.label).join(', ');
	const text = `Portcullis: ${cpv}: not built, because PORTCULLIS_CONFLICT="die" is set and these conflict with a sandbox: ${labels}`;
	return [...lines, { verb: 'die', text }];
}
