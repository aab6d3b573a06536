// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { confineFor } from '../installation/paths.ts';
import { phaseMessages } from '../messages/phase_messages.ts';
import { readRecord } from '../records/reader.ts';
import type { PhaseContext } from '../rules/decide.ts';
import type { Environment } from '../util/environment.ts';
import { printError } from '../util/output.ts';
import { allowFor, confineOptions, encodeSecureEnvironment } from './options.ts';
import { exitLikeChild, runForeground, type Exit } from './spawn.ts';

interface CommandContext {
	readonly eprefix: string;
	/** The package as CATEGORY/PF, for the name of the cgroup and the messages. */
	readonly cpv: string;
	readonly cwd?: string;
	readonly environment: Environment;
	/** True: if a sandbox is not available, the command runs without it, unless PORTCULLIS_ON_FAILURE is "die". False or absent: the command does not run. */
	readonly bestEffort?: boolean;
}

/**
 * Runs a command with the confinement of a phase, prints messages about the phase on standard error, and returns the exit status. Does not
 * run the command if a confinement is not available, unless bestEffort is set.
 */
export async function runConfined(
	phaseContext: PhaseContext,
	command: readonly string[],
	{ eprefix, cpv, cwd, environment, bestEffort = false }: CommandContext,
): Promise<number> {
	const allow = await allowFor(phaseContext, environment);
	const options = confineOptions(cpv, phaseContext, allow);
	const [program = '', ...args] = command;
	if (options.length === 0) {
		printError(
			`portcullis: no sandbox applies to src_${phaseContext.phase}, so the command is not confined. To see the rules, run: portcullis explain`,
		);
		return exitLikeChild(await runForeground(program, args, environment, cwd));
	}
	const folder = mkdtempSync(join(tmpdir(), 'portcullis-'));
	let exit: Exit;
	try {
		const notices = join(folder, 'notices');
		// With --ipc, confine replaces the /dev/shm of the host, unless one of these paths, which the command needs, lies in it.
		const used = [cwd ?? process.cwd(), program, ...(phaseContext.uses ?? [])];
		const uses = used.flatMap((path) => (path.startsWith('/') ? ['--uses', path] : []));
		const run = (withOptions: readonly string[]) => {
			const confineArgs = [...withOptions, ...uses, '--notice-file', notices, '--', ...command];
			return runForeground(confineFor(eprefix), confineArgs, encodeSecureEnvironment(environment), cwd);
		};
		// Run with --require first: if a confinement is missing, confine reports this and does not start the command.
		exit = await run(options.map((option) => (option === '--best-effort' ? '--require' : option)));
		const isRefused = (readRecord(notices)?.missing.length ?? 0) > 0;
		if (isRefused && bestEffort && options.includes('--best-effort')) {
			printError(
				`portcullis: the command runs without the missing sandboxes, as src_${phaseContext.phase} of a build does on this machine.`,
			);
			exit = await run(options);
		}
		for (const line of noticeLines(notices)) printError(`portcullis: ${line}`);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
	return exitLikeChild(exit);
}

/** Returns the messages about the phase without their beginning `Portcullis: CATEGORY/PF: src_PHASE:`. Omits advice, and missing sandboxes, which confine has reported. */
function noticeLines(file: string): string[] {
	const record = readRecord(file);
	if (record === undefined) return [];
	const subject = /^Portcullis: [^ ]*: src_\w+:? /;
	return phaseMessages({ ...record, missing: [] })
		.filter(({ text }) => subject.test(text))
		.map(({ text }) => text.replace(subject, ''));
}
