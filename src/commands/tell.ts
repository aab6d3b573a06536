import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Input } from '../command.ts';
import { firstTime } from '../emerge.ts';
import { parseRecord } from '../record.ts';
import { render, tell } from '../tell.ts';
import { UsageError } from '../usage.ts';

export function run({ words, flags }: Input): number {
	const [file] = words;
	if (file === undefined || words.length > 1) throw new UsageError('tell takes one file');
	const record = parseRecord(readFileSync(file, 'utf8'));
	for (const line of tell(record, flags.has('refused'))) {
		if (line.once !== undefined && !firstTime(line.once, dirname(file))) continue;
		process.stdout.write(`${render(line)}\n`);
	}
	// Tells "nothing to say any more" from a program that couldn't start.
	process.stdout.write('done\n');
	return 0;
}
