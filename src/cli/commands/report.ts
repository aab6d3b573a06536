// SPDX-License-Identifier: GPL-2.0-or-later
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs';
import { UsageError, type Input } from '../command.ts';
import { installation, paths } from '../../installation/paths.ts';
import { portcullis } from '../../messages/message.ts';
import { print } from '../../util/output.ts';
import { recordedPackages, recordFiles, scan, unreadText, type Source } from '../../records/reader.ts';
import { collect, reportJson, type Selection } from '../../records/report/collect.ts';
import { reportText, statsText } from '../../records/report/text.ts';
import { stat } from '../../util/files.ts';
import { screenOf } from '../../util/terminal.ts';
import { suggestion } from '../../util/suggestion.ts';

export async function run({ values, flags, words }: Input): Promise<number> {
	const [name] = words;
	const now = new Date();
	const time = values['since'];
	if (flags.has('last') && time !== undefined) throw new UsageError('report takes --last or --since, not both');
	const sources = recordSources(values['records']);
	const selection = flags.has('last')
		? lastRun(sources, values['records'])
		: { since: time === undefined ? undefined : sinceTime(time, now) };
	const report = collect(sources, { package: name, ...selection });
	if (name !== undefined && report.phases === 0) {
		const known = recordedPackages(installation().eprefix).flatMap((cp) => [cp, cp.replace(/.*\//, '')]);
		const near = known.includes(name) ? '' : suggestion(name, known);
		const when = time === undefined ? '' : ` since ${time}`;
		throw new Error([`no phase of ${name} is recorded${when}${near}`, ...report.unread.map(unreadText)].join('. '));
	}
	const html = values['html'];
	if (html !== undefined) {
		const { reportHtml } = await import('../../records/report/html.ts');
		writeFileSync(html, reportHtml(report, now, name));
		print([`wrote ${html}`]);
	}
	const screen = screenOf(process.stdout);
	if (flags.has('json')) print([JSON.stringify(reportJson(report))]);
	else if (flags.has('stats')) print(statsText(report, screen));
	else if (html === undefined) {
		const isWhole = name !== undefined || flags.has('last');
		print(reportText(report, { screen, now: now.getTime(), whole: isWhole }));
	}
	return 0;
}

/** Selects the records of the run of emerge that the last record names. Throws an Error if there is no record, or if the last one names no run. */
function lastRun(sources: readonly Source[], given: string | undefined): Selection {
	const last: { run?: string } = {};
	const unread = scan(sources, (record) => {
		last.run = record.run;
	});
	const { run } = last;
	if (run === undefined) {
		const more =
			unread.length > 0 ? unread.map(unreadText) : [`To check the installation, run: ${portcullis('doctor')}`];
		throw new Error(['no phase is recorded', ...more].join('. '));
	}
	if (run === '')
		throw new Error(
			`--last cannot select the last run of emerge, because the last record names no run. To see all phases, run: ${portcullis('report', ...(given === undefined ? [] : ['--records', given]))}`,
		);
	return { run };
}

function recordSources(given: string | undefined): Source[] {
	if (given !== undefined) {
		if (stat(given)?.isDirectory() === true)
			throw new UsageError(`--records takes a file, and ${given} is a directory`);
		return [{ file: given, named: true }];
	}
	const { logs } = paths(installation().eprefix);
	if (!existsSync(logs)) throw new Error(`there is no folder ${logs}: Portcullis is not installed. Run install.sh`);
	accessSync(logs, constants.R_OK | constants.X_OK);
	return recordFiles(logs);
}

const seconds: Readonly<Record<string, number>> = { m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** Converts the value of --since to the format of the records, ISO 8601 in UTC. */
export function sinceTime(text: string, now: Date): string {
	const age = /^(\d{1,6})\s*(min|m|h|d|w)$/.exec(text.trim());
	if (age !== null) return new Date(now.getTime() - Number(age[1]) * 1000 * (seconds[age[2] ?? ''] ?? 0)).toISOString();
	if (text === 'today' || text === 'yesterday') {
		const day = now.getDate() - (text === 'today' ? 0 : 1);
		return new Date(now.getFullYear(), now.getMonth(), day).toISOString();
	}
	const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text.trim());
	if (date !== null) {
		// A date without a time zone is in local time.
		const time = new Date(`${date[1] ?? ''}T${date[2] ?? '00:00'}${date[3] ?? ''}`);
		if (!Number.isNaN(time.getTime())) return time.toISOString();
	}
	throw new UsageError(
		`--since ${text} is not a time. Use an age (30m, 12h, 3d, 2w), today, yesterday, 2026-11-20 or 2026-11-20T21:50`,
	);
}
