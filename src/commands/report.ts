import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import type { Input } from '../command.ts';
import { installation } from '../installation.ts';
import { paths } from '../paths.ts';
import { print } from '../output.ts';
import { recordFiles, type Source } from '../records.ts';
import { collect } from '../report/collect.ts';
import { reportJson } from '../report/json.ts';
import { sinceTime } from '../report/since.ts';
import { statsText } from '../report/stats.ts';
import { reportText } from '../report/text.ts';
import { screenOf } from '../screen.ts';
import { UsageError } from '../usage.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	const [name, tooMany] = words;
	if (tooMany !== undefined) throw new UsageError(`report takes one package, and "${tooMany}" is a second one`);
	const now = new Date();
	const since = values['since'] === undefined ? undefined : sinceTime(values['since'], now);
	const sum = collect(filesOf(values['records']), { package: name, since });
	const html = values['html'];
	if (html !== undefined) {
		const { reportHtml } = await import('../report/html.ts');
		writeFileSync(html, reportHtml(sum, { now, package: name }));
		print([`wrote ${html}`]);
	}
	const screen = screenOf(process.stdout);
	if (flags.has('json')) print([JSON.stringify(reportJson(sum))]);
	else if (flags.has('stats')) print(statsText(sum, screen));
	else if (html === undefined) print(reportText(sum, { screen, now: now.getTime(), whole: name !== undefined }));
	return 0;
}

function filesOf(given: string | undefined): Source[] {
	if (given !== undefined) {
		if (!existsSync(given)) throw new Error(`there is no file ${given}`);
		return [{ file: given, named: true }];
	}
	const { logs } = paths(installation().eprefix);
	if (!existsSync(logs))
		throw new Error(`there is no folder ${logs}: Portcullis is not installed here (see install.sh)`);
	accessSync(logs, constants.R_OK | constants.X_OK);
	return recordFiles(logs);
}
