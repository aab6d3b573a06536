import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import type { Input } from '../command.ts';
import { installation } from '../../installation/locate.ts';
import { paths } from '../../installation/paths.ts';
import { print } from '../../util/output.ts';
import { recordFiles, type Source } from '../../records/reader.ts';
import { collect } from '../../records/report/collect.ts';
import { reportJson } from '../../records/report/json.ts';
import { sinceTime } from '../../records/report/since.ts';
import { statsText } from '../../records/report/statistics.ts';
import { reportText } from '../../records/report/text.ts';
import { screenOf } from '../../util/terminal.ts';
import { UsageError } from '../usage.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	const [name, tooMany] = words;
	if (tooMany !== undefined) throw new UsageError(`report takes one package, and "${tooMany}" is a second one`);
	const now = new Date();
	const since = values['since'] === undefined ? undefined : sinceTime(values['since'], now);
	const sum = collect(filesOf(values['records']), { package: name, since });
	const html = values['html'];
	if (html !== undefined) {
		const { reportHtml } = await import('../../records/report/html.ts');
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
