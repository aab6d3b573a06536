import { dirname } from 'node:path';
import type { Input } from '../command.ts';
import { firstTime } from '../../portage/emerge_process.ts';
import { print } from '../../util/output.ts';
import { readRecord } from '../../records/reader.ts';
import { render, phaseMessages } from '../../messages/phase_messages.ts';
import { UsageError } from '../usage.ts';

export function run({ words, flags, values }: Input): number {
	const [file] = words;
	if (file === undefined || words.length > 1) throw new UsageError('tell takes one file');
	const record = readRecord(file);
	if (record === undefined) throw new Error(`there is no record in ${file}`);
	for (const line of phaseMessages(record, flags.has('refused'))) {
		if (line.once !== undefined && !firstTime(line.once, values['once'] ?? dirname(file))) continue;
		print([render(line)]);
	}
	// Tells "nothing to say any more" from a program that couldn't start.
	print(['done']);
	return 0;
}
