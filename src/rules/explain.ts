import { decide, type PhaseContext } from './decide.ts';
import { words as wordsOf } from '../util/environment.ts';
import { fakerootFrom } from './phase_context.ts';
import { features } from './features.ts';
import { confinements, isSrcPhase, otherPhases, srcPhases, type Confinement } from './phases.ts';
import type { Configuration } from '../portage/resolve_package.ts';
import { fit, paint, wrap, type Screen } from '../util/terminal.ts';
import { problem, resolve, settingNames, settings, squeeze, type Settings } from './settings.ts';
import { suggestion, UsageError } from '../cli/usage.ts';

/** What a decision rests on, the phase aside. */
export type PackageContext = Omit<PhaseContext, 'phase'>;

export interface Explanation {
	/** What it is about, and what was found there; '' where the command line said it. */
	readonly title: string;
	readonly packageContext: PackageContext;
	readonly phases: readonly { readonly phase: string; readonly rules: readonly Rule[] }[];
}

interface Rule {
	readonly what: Confinement;
	readonly feature: string;
	readonly confined: boolean;
	readonly rule: string;
}

export function explain(title: string, packageContext: PackageContext, phases: readonly string[]): Explanation {
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

/** The ground that Portage's configuration gives, for a package if one was asked for. A bad setting is an error. */
export function packageContextOf(configuration: Configuration): PackageContext {
	const { features, restrict, properties, variables } = configuration.package ?? {
		...configuration,
		restrict: [],
		properties: [],
	};
	const fakeroot = fakerootFrom(features);
	return { from: 'ebuild', features, restrict, properties, fakeroot, settings: checked(variables) };
}

function checked(variables: Readonly<Record<string, string>>): Settings {
	for (const name of settingNames) {
		const wrong = problem(name, squeeze(variables[name] ?? ''));
		if (wrong !== undefined) throw new Error(`${wrong}. Correct it in make.conf or package.env.`);
	}
	return resolve(variables);
}

/** The ground that options of the command line give. */
export function packageContextFrom(values: Readonly<Record<string, string>>): PackageContext {
	const unpack = values['unpack'] ?? '';
	const wrong = problem('PORTCULLIS_UNPACK', unpack);
	if (wrong !== undefined) throw new UsageError(wrong);
	const list = wordsOf(values['features']);
	return {
		from: 'ebuild',
		features: list,
		fakeroot: fakerootFrom(list),
		restrict: wordsOf(values['restrict']),
		properties: wordsOf(values['properties']),
		settings: resolve({ PORTCULLIS_UNPACK: unpack }),
	};
}

/** compile, or src_compile */
export function phaseNamed(word: string): string {
	const phase = word.replace(/^(src|pkg)_/, '');
	const known: readonly string[] = [...srcPhases, ...otherPhases.filter(Boolean)];
	if (known.includes(phase)) return phase;
	const near = phase === word ? suggestion(phase, known) : suggestion(word, known.map(phaseLabel));
	throw new UsageError(`there is no phase "${word}"${near}`);
}

/** The function's name, which is what an ebuild's author knows. */
function phaseLabel(phase: string): string {
	return `${isSrcPhase(phase) ? 'src' : 'pkg'}_${phase}`;
}

/** A head with what counts, then phases that follow each other under the same rules together. */
export function explanationText({ title, packageContext, phases }: Explanation, screen: Screen): string[] {
	const groups: { names: string[]; rules: readonly Rule[] }[] = [];
	for (const { phase, rules } of phases) {
		const last = groups.at(-1);
		if (last !== undefined && JSON.stringify(last.rules) === JSON.stringify(rules)) last.names.push(phase);
		else groups.push({ names: [phase], rules });
	}
	return [
		...(title === '' ? [] : head(title, packageContext, screen)),
		...groups.flatMap(({ names, rules }) => [
			paint(screen, 'bold', names.join(', ')),
			...rules.map(({ feature, confined, rule }) => {
				const line = fit(`  ${feature.padEnd(15)}  ${(confined ? 'yes' : 'no').padEnd(3)}  ${rule}`, screen.width);
				return confined ? line : paint(screen, 'dim', line);
			}),
		]),
	];
}

function head(title: string, packageContext: PackageContext, screen: Screen): string[] {
	const known: readonly string[] = Object.values(features);
	const changed = settingNames.filter((name) => packageContext.settings[name] !== settings[name].default);
	const list = (name: string, words: readonly string[]) => `${name}="${words.join(' ')}"`;
	const found = [
		list(
			'FEATURES',
			packageContext.features.filter((word) => known.includes(word)),
		),
		...(packageContext.restrict.length > 0 ? [list('RESTRICT', packageContext.restrict)] : []),
		...(packageContext.properties.length > 0 ? [list('PROPERTIES', packageContext.properties)] : []),
		...changed.map((name) => list(name, [packageContext.settings[name]])),
	];
	return [paint(screen, 'bold', title), ...wrap(found.join(' '), screen.width - 2).map((line) => `  ${line}`), ''];
}
