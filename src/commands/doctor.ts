import type { Input } from '../command.ts';
import { examine } from '../doctor/all.ts';
import { doctorText } from '../doctor/text.ts';
import { lookAround } from '../doctor/world.ts';
import { installation } from '../installation.ts';
import { print } from '../output.ts';
import { screenOf } from '../screen.ts';
import { UsageError } from '../usage.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`doctor takes no argument, and was given "${words[0]}"`);
	const findings = await examine(await lookAround(values['eprefix'] ?? installation().eprefix));
	const text = flags.has('json')
		? [JSON.stringify(findings)]
		: doctorText(findings, screenOf(process.stdout), flags.has('verbose'));
	print(text);
	return findings.some(({ state }) => state === 'bad') ? 1 : 0;
}
