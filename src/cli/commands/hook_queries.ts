// SPDX-License-Identifier: GPL-2.0-or-later
/** The commands that only the hook calls. `check` and `messages` print "done" at the end, so that the hook can detect incomplete output. */
import { readFileSync } from 'node:fs';
import type { Input } from '../command.ts';
import { allowOptions, destinationLines, destinations } from '../../confine/destinations.ts';
import { buildContextOf } from '../../conflicts/build_context.ts';
import { conflictLines, findConflicts } from '../../conflicts/detect.ts';
import { unavailableSandboxes } from '../../confine/spawn.ts';
import { installation } from '../../installation/paths.ts';
import type { Line } from '../../messages/message.ts';
import { render, phaseMessages } from '../../messages/phase_messages.ts';
import { firstTime } from '../../messages/printed.ts';
import { readRecord } from '../../records/reader.ts';
import { features } from '../../rules/features.ts';
import { packageContextFrom } from '../../rules/phase_context.ts';
import { unknownSettings } from '../../rules/settings.ts';
import { assignments, words } from '../../util/environment.ts';
import { print } from '../../util/output.ts';

/**
 * Checks the configuration of a package in one run, because each start of Node takes 40 ms. With --known NAMES, prints "found NAME..." with
 * all conflicts. With --resolve, prints confine's options for PORTCULLIS_ALLOW, one per line. Then prints the messages, except about conflicts in NAMES, and "done". The hook
 * writes the variables of the package, NAME=VALUE entries that end with NUL, to standard input.
 */
export async function runCheck({ values, flags }: Input): Promise<number> {
	const { package: cpv = '', known } = values;
	const variables = assignments(readFileSync(0, 'utf8').split('\0'));
	const packageContext = packageContextFrom(variables);
	const context = buildContextOf(variables, packageContext.features, packageContext.settings);
	const lines = unknownSettings(Object.keys(variables)).map(({ text }): Line => {
		const list = 'For a list of the variables, run: man 5 portcullis';
		return { verb: 'ewarn', text: `Portcullis: ${cpv}: ${text} ${list}`, once: text };
	});
	if (known !== undefined) {
		const found = findConflicts(packageContext, context);
		print([`found ${found.map(({ conflict }) => conflict.name).join(' ')}`]);
		const unknown = found.filter(({ conflict }) => !words(known).includes(conflict.name));
		lines.push(...conflictLines(unknown, cpv, packageContext.settings.PORTCULLIS_CONFLICT, context));
	}
	if (flags.has('resolve')) {
		try {
			const found = await destinations(variables['PORTCULLIS_ALLOW'] ?? '', context);
			print(allowOptions(found).map((pair) => pair.join(' ')));
			lines.push(...destinationLines(found, cpv));
		} catch (error) {
			if (!(error instanceof Error)) throw error;
			const text = `Portcullis: ${cpv}: ${error.message}. Correct it in make.conf or /etc/portage/env.`;
			lines.push({ verb: 'die', text });
		}
	}
	print([...rendered(lines, values), 'done']);
	return 0;
}

export async function runMessages({ words: [file = ''], flags, values }: Input): Promise<number> {
	const record = readRecord(file);
	if (record === undefined) throw new Error(`there is no record in ${file}`);
	const requested = words(values['features']);
	const host = record.missing.length > 0 ? await unavailableSandboxes(installation().confine) : undefined;
	const lines = phaseMessages(record, {
		refused: flags.has('refused'),
		unavailable: host?.unavailable.filter(({ what }) => requested.includes(features[what])),
		filterWhy: requested.includes(features.net) ? host?.filterWhy : undefined,
	});
	print([...rendered(lines, values), 'done']);
	return 0;
}

export function runPrinted({ words: [key = ''], values }: Input): number {
	return firstTime(values['once'] ?? '', values['run'] ?? '')(key) ? 1 : 0;
}

/** Formats messages. With --once, omits messages with a `once` text that this run of emerge (--run) has already printed. */
function rendered(lines: readonly Line[], { once: state, run = '' }: Input['values']): string[] {
	const isFirst =
		state !== undefined && lines.some(({ once }) => once !== undefined) ? firstTime(state, run) : () => true;
	return lines.filter(({ once }) => once === undefined || isFirst(once)).map(render);
}
