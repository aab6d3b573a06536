import type { Input } from '../command.ts';
import { allowOptions, destinationLines, destinations } from '../../confine/destinations.ts';
import { buildContextOf } from '../../conflicts/build_context.ts';
import { words as wordsOf, type Environment } from '../../util/environment.ts';
import { environmentOf } from '../../rules/phase_context.ts';
import { print } from '../../util/output.ts';
import { problem } from '../../rules/settings.ts';
import { render } from '../../messages/phase_messages.ts';
import { UsageError } from '../usage.ts';

/** What the hook hands over comes as options: EAPI 9 exports none of it. */
export async function run({ values, flags, words }: Input): Promise<number> {
	const { package: cpv, features } = values;
	if (cpv === undefined || features === undefined || words.length === 0) {
		throw new UsageError('destinations needs --package CATEGORY/PF, --features LIST, and entries of PORTCULLIS_ALLOW');
	}
	const setting = words.join(' ');
	const wrong = problem('PORTCULLIS_ALLOW', setting);
	if (wrong !== undefined) throw new UsageError(wrong);
	// 'done' tells a complete answer from a broken one.
	print([...(await lookedUp(setting, cpv, wordsOf(features), environmentOf(flags))), 'done']);
	return 0;
}

/** What the hook keeps, as options for confine, and what it says about it. A bad entry is what the phase dies of. */
export async function lookedUp(
	setting: string,
	cpv: string,
	features: readonly string[],
	environment: Environment,
): Promise<string[]> {
	try {
		const found = await destinations(setting, buildContextOf(environment, features));
		const options = allowOptions(found).map((pair) => pair.join(' '));
		return [...options, ...destinationLines(found, cpv).map(render)];
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		const text = `Portcullis: ${cpv}: ${error.message}. Correct it in make.conf or package.env.`;
		return [render({ verb: 'die', text })];
	}
}
