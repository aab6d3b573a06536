// SPDX-License-Identifier: GPL-2.0-or-later
import { describeConflict, findConflicts, evidenceVariables } from '../../conflicts/detect.ts';
import { UsageError, type Input } from '../command.ts';
import { buildContextOf, type BuildContext } from '../../conflicts/build_context.ts';
import { explain, explanationText } from '../../rules/explanation.ts';
import { phaseNamed } from '../phase_arguments.ts';
import { packageContextFrom, packageContextOf } from '../../rules/phase_context.ts';
import { problem } from '../../rules/settings.ts';
import { print } from '../../util/output.ts';
import { srcPhases } from '../../rules/phases.ts';
import { resolvePortage } from '../../portage/resolve_package.ts';
import { wrap } from '../../util/layout.ts';
import { screenOf } from '../../util/terminal.ts';
import { prefixOf } from '../prefix.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	const { explanation, environment } =
		values['features'] === undefined ? await fromPortage(values, words) : fromOptions(values, words);
	const { packageContext } = explanation;
	const context = buildContextOf(environment, packageContext.features, packageContext.settings);
	const found = findConflicts(packageContext, context);
	const conflicts = found.map((one) => {
		const { summary, effect, fixes } = describeConflict(one, context);
		return { name: one.conflict.name, text: `${summary}, so ${effect}.`, fixes };
	});
	const screen = screenOf(process.stdout);
	const allowed = await allowedIn(packageContext.settings.PORTCULLIS_ALLOW, context);
	const text = flags.has('json')
		? [JSON.stringify({ ...explanation, conflicts, allowed })]
		: [
				...explanationText(explanation, screen),
				...allowed.flatMap((line, index) => [...(index === 0 ? ['', 'Allowed:'] : []), `  ${line}`]),
				...conflicts.flatMap(({ text, fixes }) => [
					'',
					...wrap(text, screen.width),
					...fixes.flatMap((fix) => [
						...wrap(fix.text, screen.width - 2).map((line) => `  ${line}`),
						`    ${fix.lines}`,
					]),
				]),
			];
	print(text);
	return 0;
}

async function allowedIn(setting: string, context: BuildContext): Promise<string[]> {
	if (setting === '') return [];
	const { destinations } = await import('../../confine/destinations.ts');
	const { entryFindings, proxyFindings } = await import('../../doctor/check_destinations.ts');
	const noProxy = proxyFindings(context.features);
	const found = noProxy.length > 0 ? noProxy : entryFindings(await destinations(setting, context));
	return found.map(({ meaning, fix }) => `${meaning} ${fix}`.trim());
}

/**
 * Explains the rules for the words in the options --features, --restrict and --properties. Does not start Portage, so
 * `environment`, in which `explain` searches for conflicts, has only the variables of this process.
 */
function fromOptions(values: Input['values'], words: readonly string[]) {
	const { features: FEATURES, restrict: RESTRICT, properties: PROPERTIES, unpack: PORTCULLIS_UNPACK = '' } = values;
	const wrong = problem('PORTCULLIS_UNPACK', PORTCULLIS_UNPACK);
	if (wrong !== undefined) throw new UsageError(wrong);
	const packageContext = packageContextFrom({ FEATURES, RESTRICT, PROPERTIES, PORTCULLIS_UNPACK });
	return { explanation: explain('', packageContext, phasesOf(words)), environment: process.env };
}

async function fromPortage(values: Input['values'], words: readonly string[]) {
	const alone = ['restrict', 'properties', 'unpack'].find((option) => values[option] !== undefined);
	if (alone !== undefined)
		throw new UsageError(`explain: --${alone} needs --features. Without --features, Portage provides the values`);
	const [atom, ...phases] = words;
	// Check the phases before Portage starts, which takes half a second, so that a misspelled phase is reported at once.
	const chosen = phasesOf(phases);
	const configuration = await resolvePortage(prefixOf(values), atom, evidenceVariables);
	const { package: one } = configuration;
	const title =
		one === null
			? `Portage ${configuration.version}: any package that package.env does not name`
			: `${one.cpv}, EAPI ${one.eapi}, from ${one.repository}`;
	const { variables } = one ?? configuration;
	return {
		explanation: explain(title, packageContextOf(configuration), chosen),
		environment: { ...process.env, ...variables },
	};
}

function phasesOf(words: readonly string[]): readonly string[] {
	// Without arguments, omit src_fetch, because no EAPI defines this function yet.
	return words.length > 0 ? words.map(phaseNamed) : srcPhases.filter((phase) => phase !== 'fetch');
}
