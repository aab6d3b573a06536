// SPDX-License-Identifier: GPL-2.0-or-later
import { portcullis, type Line } from '../messages/message.ts';
import { addWords } from '../portage/make_conf.ts';
import { decide, granted } from '../rules/decide.ts';
import { features } from '../rules/features.ts';
import type { PackageContext } from '../rules/phase_context.ts';
import { srcPhases, type Confinement } from '../rules/phases.ts';
import type { BuildContext } from './build_context.ts';
import { compilerVariables, proxyVariables, type Assignment } from './evidence.ts';
import { conflicts } from './table.ts';

/** Variables that show conflicts and that explain and doctor request from Portage. NAME* stands for all variables with this prefix. */
export const evidenceVariables: readonly string[] = [
	...['CHOST', 'MAKEOPTS', 'ENV_UNSET', 'INCLUDE_SERVER_PORT', 'PORTAGE_SOCKS5_PROXY'],
	...['CCACHE_*', 'DISTCC_*', 'ICECC*', 'SCCACHE_*'],
	...compilerVariables,
	...proxyVariables,
];

type FoundConflict = Readonly<ReturnType<typeof findConflicts>[number]>;

/** Finds the conflicts of a package or of the whole configuration. Considers all src_* phases. */
export function findConflicts(packageContext: PackageContext, context: BuildContext) {
	// Decide as if fakeroot were not in use: a sandbox that a phase does not get because of fakeroot must count as applied, so that the conflict is found.
	const applied = new Set(srcPhases.flatMap((phase) => granted(decide({ ...packageContext, phase, fakeroot: '' }))));
	return conflicts.flatMap((conflict) => {
		/** The confinements of the package that cause the conflict. */
		const confinements: readonly Confinement[] = conflict.with.filter((what) => applied.has(what));
		const isAllowed = conflict.allow !== undefined && context.allowed.includes(conflict.allow);
		const evidence = confinements.length === 0 || isAllowed ? [] : conflict.evidence(context);
		return evidence.length > 0 ? [{ conflict, evidence, confinements }] : [];
	});
}

/** Returns the evidence of a conflict (`summary`) and its effect on a build that continues, both as clauses, and the alternative fixes. */
export function describeConflict({ conflict, evidence, confinements }: FoundConflict, context: BuildContext) {
	const { label, effect, allow, inside } = conflict;
	const sandbox = confinements.map((what) => features[what]);
	const assignments = evidence.flatMap(({ fix }) => (fix === undefined ? [] : [fix]));
	const withoutSandbox = sandbox.map((word) => `-${word}`);
	const fixes = [
		fix('keep the sandbox', makeConfLines(assignments.length > 0 ? assignments : (conflict.fix ?? []))),
		...(allow === undefined ? [] : [fix(`let ${label} reach only its hosts`, addWords('PORTCULLIS_ALLOW', [allow]))]),
		fix('build without the sandbox', addWords('FEATURES', withoutSandbox)),
		...(inside?.['DISTCC_HOSTS'] === undefined ? [] : makeoptsFix(context)),
	];
	return {
		summary: `${label} conflicts with FEATURES="${sandbox.join(' ')}" (${evidence.map(({ text }) => text).join('; ')})`,
		effect,
		fixes,
	};
}

function fix(purpose: string, lines: string) {
	return { text: `To ${purpose}, add to make.conf:`, lines };
}

/** The list variables of make.conf: a fix adds a word to their value. In other variables, a fix replaces the value. */
const lists = ['FEATURES', 'ENV_UNSET', 'PORTCULLIS_ALLOW'];

/** Formats assignments for make.conf: NAME="VALUE", separated by spaces. Assignments to the same variable become one with all values. */
function makeConfLines(assignments: readonly Assignment[]): string {
	const values = new Map<string, Set<string>>();
	for (const [name, value] of assignments) values.set(name, (values.get(name) ?? new Set()).add(value));
	return [...values]
		.map(([name, all]) => (lists.includes(name) ? addWords(name, [...all]) : `${name}="${[...all].join(' ')}"`))
		.join(' ');
}

/** Returns a fix that lowers -j in MAKEOPTS if -j is more than twice the number of processors; otherwise []. Such a -j is useful only with distcc hosts. */
function makeoptsFix({ environment, processors }: BuildContext) {
	const makeopts = environment['MAKEOPTS'] ?? '';
	const jobs = Number(/(?:^|\s)(?:-j|--jobs=?)\s*([0-9]+)/.exec(makeopts)?.[1] ?? 0);
	const purpose = 'run only as many jobs as this machine has processors';
	return jobs > 2 * processors ? [fix(purpose, `MAKEOPTS="-j${processors}"`)] : [];
}

/** Returns the messages that the hook prints about conflicts. `setting` is PORTCULLIS_CONFLICT. */
export function conflictLines(
	found: readonly FoundConflict[],
	cpv: string,
	setting: string,
	context: BuildContext,
): Line[] {
	if (setting === 'ignore' || found.length === 0) return [];
	const isFatal = setting === 'die';
	const fixes = `For the fixes, run: ${portcullis('explain', cpv)}`;
	const lines = found.map((one): Line => {
		const { summary, effect } = describeConflict(one, context);
		return {
			verb: 'ewarn',
			text: `Portcullis: ${cpv}: ${isFatal ? summary : `${summary}, so ${effect}. ${fixes}`}`,
			// Print the same warning once per run of emerge, because most conflicts concern all packages, but always if the conflict stops the build.
			...(isFatal ? {} : { once: summary }),
		};
	});
	if (!isFatal) return lines;
	const labels = found.map(({ conflict }) => conflict.label).join(', ');
	const text = `Portcullis: ${cpv}: the build stops, because PORTCULLIS_CONFLICT="die" is set and a sandbox conflicts with: ${labels}. ${fixes}`;
	return [...lines, { verb: 'die', text }];
}
