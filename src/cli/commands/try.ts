// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Input } from '../command.ts';
import { exitLikeChild, runForeground } from '../../confine/spawn.ts';
import { hookFindings } from '../../doctor/check_hook.ts';
import { paths } from '../../installation/paths.ts';
import { portcullis } from '../../messages/message.ts';
import { resolvePortage } from '../../portage/resolve_package.ts';
import { recordFiles } from '../../records/reader.ts';
import { collect } from '../../records/report/collect.ts';
import { reportText } from '../../records/report/text.ts';
import { features } from '../../rules/features.ts';
import { srcPhases } from '../../rules/phases.ts';
import { print, printError, progress } from '../../util/output.ts';
import { screenOf } from '../../util/terminal.ts';
import { duration } from '../../util/units.ts';
import { prefixOf } from '../prefix.ts';

/** Number of lines at the end of the output that are printed if the build fails. */
const LAST_LINES = 30;

export async function run({ values, flags, words: [word = ''] }: Input): Promise<number> {
	const eprefix = prefixOf(values);
	const wrong = hookFindings(eprefix).find(({ state }) => state === 'error');
	if (wrong !== undefined) throw new Error(`the build would not be isolated: ${wrong.meaning} ${wrong.fix}`);
	const { cpv, file } = await ebuildOf(word, eprefix);

	const start = new Date();
	const exit = await build(cpv, file, eprefix, flags.has('verbose'));
	const report = collect(recordFiles(paths(eprefix).logs), { package: cpv, since: start.toISOString() });
	print(reportText(report, { screen: screenOf(process.stdout), now: Date.now(), whole: true }));
	const failed = report.recent.find((phase) => phase.exit !== 0);
	if (failed !== undefined)
		print([`For a shell in the failed phase, run: ${portcullis('shell', cpv, `src_${failed.phase}`)}`]);
	return exitLikeChild(exit);
}

/** Finds the ebuild for an argument that is a package or the path of an ebuild. Returns its CATEGORY/PF and path. */
async function ebuildOf(word: string, eprefix: string): Promise<{ cpv: string; file: string }> {
	if (word.endsWith('.ebuild')) {
		const file = resolve(word);
		return { cpv: `${basename(dirname(dirname(file)))}/${basename(file, '.ebuild')}`, file };
	}
	const { package: found } = await resolvePortage(eprefix, word);
	if (found === null || found.ebuild === '') throw new Error(`no repository has an ebuild of ${word}`);
	return { cpv: found.cpv, file: found.ebuild };
}

/**
 * Builds the package up to src_install with ebuild(1), which runs src_test even if FEATURES of the package lacks `test`. Prints all output if
 * `isVerbose`. Otherwise prints only the end of the output, and only if the build fails.
 */
async function build(cpv: string, file: string, eprefix: string, isVerbose: boolean) {
	const own = `${eprefix}/usr/bin/ebuild`;
	const program = existsSync(own) ? own : 'ebuild';
	const environment = {
		...process.env,
		PORTCULLIS_AUDIT: 'on',
		FEATURES: [process.env['FEATURES'] ?? '', 'test', ...Object.values(features)].join(' ').trim(),
	};
	const args = [file, 'clean', 'test', 'install'];
	if (isVerbose) return runForeground(program, args, environment);

	const start = Date.now();
	const last: string[] = [];
	let step = 'starting Portage';
	const show = () => {
		progress(`${cpv}: ${step}, ${duration((Date.now() - start) / 1000)}`);
	};
	const timer = setInterval(show, 200);
	const exit = await runForeground(program, args, environment, undefined, (line) => {
		// Portage begins a phase with a line such as `>>> Compiling source in /var/tmp/...` (phase-functions.sh).
		const phase = srcPhases.find((name) => line.toLowerCase().startsWith(`>>> ${name.slice(0, -1)}`));
		step = phase === undefined ? step : `src_${phase}`;
		last.push(line);
		if (last.length > LAST_LINES) last.shift();
	});
	clearInterval(timer);
	progress('');
	if (exit.status !== 0) for (const line of last) printError(line);
	return exit;
}
