import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exitLikeChild, start } from './spawn.ts';
import { allowFor, encodeSecureEnvironment, confineOptions } from './options.ts';
import type { PhaseContext } from '../rules/decide.ts';
import { paths } from '../installation/paths.ts';
import { installation } from '../installation/locate.ts';
import { printError } from '../util/output.ts';
import { readRecord } from '../records/reader.ts';
import { phaseMessages } from '../messages/phase_messages.ts';

interface Endpoint {
	readonly eprefix: string;
	/** CATEGORY/PF, for the name of the cgroup and what is said at the end. */
	readonly cpv: string;
	readonly cwd?: string;
	readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a command as a phase with these facts is run, says on stderr what happened there that a phase would have told,
 * and ends as the command did. Where a sandbox can't be had, the command isn't run: nobody asked for the half of it.
 */
export async function runConfined(
	phaseContext: PhaseContext,
	command: readonly string[],
	place: Endpoint,
): Promise<number> {
	const allow = await allowFor(phaseContext, place.environment);
	const options = confineOptions(place.cpv, phaseContext, allow).map((one) =>
		one === '--best-effort' ? '--require' : one,
	);
	const [program = '', ...args] = command;
	if (options.length === 0) {
		printError(`portcullis: nothing confines src_${phaseContext.phase} here (see \`portcullis explain\`)`);
		return exitLikeChild(await start(program, args, definite(place.environment), place.cwd));
	}
	const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
	const told = join(folder, 'tell');
	try {
		const all = [...options, '--notice-file', told, '--', ...command];
		const ending = await start(confineOf(place.eprefix), all, encodeSecureEnvironment(place.environment), place.cwd);
		for (const line of toldLines(told)) printError(`portcullis: ${line}`);
		rmSync(folder, { recursive: true, force: true });
		return await exitLikeChild(ending);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function confineOf(eprefix: string): string {
	const own = installation();
	return eprefix === own.eprefix ? own.confine : paths(eprefix).confine;
}

/** What happened; what an ebuild's author would do about it is no help here. What is missing confine itself has said. */
function toldLines(file: string): string[] {
	const record = readRecord(file);
	if (record === undefined) return [];
	const subject = /^Portcullis: [^ ]*: src_\w+:? /;
	return phaseMessages(record)
		.filter(({ verb, text }) => verb !== 'elog' && verb !== 'die' && subject.test(text))
		.map(({ text }) => text.replace(subject, ''));
}

function definite(environment: Endpoint['environment']): Record<string, string> {
	const entries = Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
	return Object.fromEntries(entries) as Record<string, string>;
}
