import { describe, findCollisions, smelled } from '../../conflicts/detect.ts';
import type { Input } from '../command.ts';
import { aroundOf, type Around } from '../../conflicts/build_context.ts';
import type { Environment } from '../../util/environment.ts';
import { explain, explanationText, groundFrom, groundOf, phaseNamed, type Explanation } from '../../rules/explain.ts';
import { installation } from '../../installation/locate.ts';
import { print } from '../../util/output.ts';
import { srcPhases } from '../../rules/phases.ts';
import { resolvePortage } from '../../portage/resolve_package.ts';
import { screenOf, wrap, type Screen } from '../../util/terminal.ts';
import { UsageError } from '../usage.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	const { explanation, environment } =
		values['features'] === undefined ? await asked(values, words) : said(values, words);
	const { ground } = explanation;
	const around = aroundOf(environment, ground.features, ground.settings.PORTCULLIS_ALLOW);
	const collisions = findCollisions({ ...ground, phase: '' }, around).map((found) => ({
		name: found.collision.name,
		text: describe(found, around),
	}));
	const screen = screenOf(process.stdout);
	const allowed = await allowedIn(ground.settings.PORTCULLIS_ALLOW, around);
	const text = flags.has('json')
		? [JSON.stringify({ ...explanation, collisions, allowed })]
		: [
				...explanationText(explanation, screen),
				...allowed.flatMap((line, index) => [...(index === 0 ? ['', 'Let through:'] : []), `  ${line}`]),
				...collisions.flatMap((one) => ['', ...paragraphs(one.text, screen)]),
			];
	print(text);
	return 0;
}

/** What PORTCULLIS_ALLOW comes to here and now. */
async function allowedIn(setting: string, around: Around): Promise<string[]> {
	if (setting === '') return [];
	const { destinations, destinationTexts } = await import('../../confine/destinations.ts');
	return destinationTexts(await destinations(setting, around));
}

function paragraphs([first = '', ...rest]: readonly string[], screen: Screen): string[] {
	return [
		...wrap(first, screen.width),
		...rest.flatMap((text) => wrap(text, screen.width - 2).map((line) => `  ${line}`)),
	];
}

interface Answer {
	readonly explanation: Explanation;
	/** Where collisions are looked for: the environment of a phase, as far as it is known. */
	readonly environment: Environment;
}

/** Portage is not asked: what counts is on the command line. */
function said(values: Input['values'], words: readonly string[]): Answer {
	return { explanation: explain('', groundFrom(values), phasesOf(words)), environment: process.env };
}

async function asked(values: Input['values'], words: readonly string[]): Promise<Answer> {
	const alone = ['restrict', 'properties', 'unpack'].find((option) => values[option] !== undefined);
	if (alone !== undefined)
		throw new UsageError(`explain: --${alone} goes with --features; without that Portage is asked`);
	const [atom, ...phases] = words;
	// Checked before Portage is asked, which takes its time.
	const chosen = phasesOf(phases);
	const configuration = await resolvePortage(values['eprefix'] ?? installation().eprefix, atom, smelled);
	const { package: one } = configuration;
	const title =
		one === null
			? `Any package, by Portage ${configuration.version}`
			: `${one.cpv}, EAPI ${one.eapi}, from ${one.repository}`;
	const { variables } = one ?? configuration;
	return {
		explanation: explain(title, groundOf(configuration), chosen),
		environment: { ...process.env, ...variables },
	};
}

function phasesOf(words: readonly string[]): readonly string[] {
	// No EAPI has src_fetch yet.
	return words.length > 0 ? words.map(phaseNamed) : srcPhases.filter((phase) => phase !== 'fetch');
}
