// SPDX-License-Identifier: GPL-2.0-or-later
/** The commands that only the hook calls. They print "done" at the end, so that the hook can detect incomplete output. */
import { readFileSync } from 'node:fs';
import { UsageError, type Input } from '../command.ts';
import { allowOptions, destinationLines, destinations } from '../../confine/destinations.ts';
import { buildContextOf } from '../../conflicts/build_context.ts';
import { conflictLines, findConflicts } from '../../conflicts/detect.ts';
import { unavailableSandboxes } from '../../confine/spawn.ts';
import { installation } from '../../installation/paths.ts';
import type { Line } from '../../messages/message.ts';
import { render, phaseMessages } from '../../messages/phase_messages.ts';
import { firstTime } from '../../portage/emerge_process.ts';
import { readRecord } from '../../records/reader.ts';
import { features } from '../../rules/features.ts';
import { problem, unknownSettings } from '../../rules/settings.ts';
import { assignments, words, type Environment } from '../../util/environment.ts';
import { print } from '../../util/output.ts';
import { packageContextFrom } from '../phase_arguments.ts';

/**
 * Prints "found NAME...", the messages about conflicts that are not in --known, and "done". If PORTCULLIS_ALLOW is set, the output of
 * runDestinations() follows, because a second start of Node would take 40 ms. FEATURES and other variables of Portage are options, because
 * Portage does not export them in EAPI 9.
 */
export async function runConflicts({ values }: Input): Promise<number> {
	const { package: cpv = '', allow = '' } = values;
	const phaseContext = { ...packageContextFrom(values), phase: '' };
	const environment = readEnvironment();
	const context = buildContextOf(environment, phaseContext.features, phaseContext.settings);
	const found = findConflicts(phaseContext, context);
	print([`found ${found.map(({ conflict }) => conflict.name).join(' ')}`]);
	const known = words(values['known']);
	const unknown = found.filter(({ conflict }) => !known.includes(conflict.name));
	const lines = conflictLines(unknown, cpv, phaseContext.settings.PORTCULLIS_CONFLICT, context);
	print([...rendered(lines, values['once']), 'done']);
	if (allow !== '' && phaseContext.features.includes(features.net)) {
		print([...(await allowLines(allow, cpv, phaseContext.features, environment, values['once'])), 'done']);
	}
	return 0;
}

/** Prints confine's options for PORTCULLIS_ALLOW, one per line, then the messages about PORTCULLIS_ALLOW, and "done". */
export async function runDestinations({ values, words: entries }: Input): Promise<number> {
	const { package: cpv = '', features: list } = values;
	const setting = entries.join(' ');
	const wrong = problem('PORTCULLIS_ALLOW', setting);
	if (wrong !== undefined) throw new UsageError(wrong);
	print([...(await allowLines(setting, cpv, words(list), readEnvironment(), values['once'])), 'done']);
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
	print([...rendered(lines, values['once']), 'done']);
	return 0;
}

export function runUnknown({ words: names, values }: Input): number {
	const lines = unknownSettings(names).map(({ text }): Line => ({
		verb: 'ewarn',
		text: `Portcullis: ${values['package'] ?? ''}: ${text} For a list of the variables, run: man 5 portcullis`,
		once: text,
	}));
	print([...rendered(lines, values['once']), 'done']);
	return 0;
}

export function runPrinted({ words: [key = ''], values }: Input): number {
	return firstTime(values['once'] ?? '')(key) ? 1 : 0;
}

/** Formats messages. Omits those that this run of emerge has already printed, if `state`, the folder .ipc of the build directory, is known. */
function rendered(lines: readonly Line[], state: string | undefined): string[] {
	const isFirst = state !== undefined && lines.some(({ once }) => once !== undefined) ? firstTime(state) : () => true;
	return lines.filter(({ once }) => once === undefined || isFirst(once)).map(render);
}

/** Returns the output of runDestinations(). An invalid entry of PORTCULLIS_ALLOW results in a `die` line, which stops the phase. */
async function allowLines(
	setting: string,
	cpv: string,
	list: readonly string[],
	environment: Environment,
	state: string | undefined,
): Promise<string[]> {
	try {
		const found = await destinations(setting, buildContextOf(environment, list));
		const options = allowOptions(found).map((pair) => pair.join(' '));
		return [...options, ...rendered(destinationLines(found, cpv), state)];
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		const text = `Portcullis: ${cpv}: ${error.message}. Correct it in make.conf or /etc/portage/env.`;
		return [render({ verb: 'die', text })];
	}
}

/** Reads the environment of the build from standard input, where the hook writes NAME=VALUE entries that end with NUL. */
function readEnvironment(): Environment {
	return assignments(readFileSync(0, 'utf8').split('\0'));
}
