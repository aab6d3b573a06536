// SPDX-License-Identifier: GPL-2.0-or-later
import { decide } from './decide.ts';
import { features, hostShmReason } from './features.ts';
import type { PackageContext } from './phase_context.ts';
import { confinements, isSrcPhase } from './phases.ts';
import { settingNames, settings } from './settings.ts';
import { fit, wrap } from '../util/layout.ts';
import { isIsolatingRoot } from '../util/processes.ts';
import { paint, type Screen } from '../util/terminal.ts';

type Explanation = Readonly<ReturnType<typeof explain>>;
type Rules = Explanation['phases'][number]['rules'];

/** Returns which sandboxes each of these phases gets, and why. `title` names the package and its repository; '' with the option --features. */
export function explain(title: string, packageContext: PackageContext, phases: readonly string[]) {
	return {
		title,
		packageContext,
		phases: phases.map((phase) => {
			const decision = decide({ ...packageContext, phase });
			const rules = confinements.map((what) => ({ what, feature: features[what], ...decision[what] }));
			return { phase: phaseLabel(phase), rules };
		}),
	};
}

/** Returns the name of the ebuild function that runs in a phase: src_compile for compile. */
export function phaseLabel(phase: string): string {
	return `${isSrcPhase(phase) ? 'src' : 'pkg'}_${phase}`;
}

/** Returns the lines that `portcullis explain` prints. Successive phases with equal decisions share one group. */
export function explanationText({ title, packageContext, phases }: Explanation, screen: Screen): string[] {
	const groups: { names: string[]; rules: Rules }[] = [];
	for (const { phase, rules } of phases) {
		const last = groups.at(-1);
		if (last !== undefined && JSON.stringify(last.rules) === JSON.stringify(rules)) last.names.push(phase);
		else groups.push({ names: [phase], rules });
	}
	return [
		...(title === '' ? [] : head(title, packageContext, screen)),
		...(packageContext.settings.PORTCULLIS_AUDIT === 'only' ? [...wrap(auditOnly(), screen.width), ''] : []),
		...hostShm(packageContext).flatMap((text) => [...wrap(text, screen.width), '']),
		...groups.flatMap(({ names, rules }) => [
			...wrap(names.join(', '), screen.width).map((line) => paint(screen, 'bold', line)),
			...rules.map(({ feature, confined, rule }) => {
				const line = fit(`  ${feature.padEnd(15)}  ${(confined ? 'yes' : 'no').padEnd(3)}  ${rule}`, screen.width);
				return confined ? line : paint(screen, 'dim', line);
			}),
		]),
	];
}

/** Returns a sentence if the phases keep the /dev/shm of the host, because a folder that the build uses lies in /dev/shm. */
function hostShm({ features: words, inShm = [], settings: { PORTCULLIS_AUDIT } }: PackageContext): string[] {
	if (inShm.length === 0 || PORTCULLIS_AUDIT === 'only' || !words.includes(features.ipc)) return [];
	return [`ipc-sandbox keeps ${hostShmReason(inShm)}.`];
}

function auditOnly(): string {
	const asRoot = ' As root, Portage itself still applies the sandboxes in FEATURES.';
	return `PORTCULLIS_AUDIT="only": Portcullis isolates nothing.${isIsolatingRoot() ? asRoot : ''}`;
}

function head(title: string, packageContext: PackageContext, screen: Screen): string[] {
	const known: readonly string[] = Object.values(features);
	const changed = settingNames.filter((name) => packageContext.settings[name] !== settings[name].default);
	const lists: readonly (readonly [string, readonly string[]])[] = [
		['FEATURES', packageContext.features.filter((word) => known.includes(word))],
		['RESTRICT', packageContext.restrict],
		['PROPERTIES', packageContext.properties],
		...changed.map((name) => [name, [packageContext.settings[name]]] as const),
	];
	const found = lists
		.filter(([name, words]) => name === 'FEATURES' || words.length > 0)
		.map(([name, words]) => `${name}="${words.join(' ')}"`);
	return [paint(screen, 'bold', title), ...wrap(found.join(' '), screen.width - 2).map((line) => `  ${line}`), ''];
}
