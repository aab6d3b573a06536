// SPDX-License-Identifier: GPL-2.0-or-later
import { basename } from 'node:path';
import { UsageError, type Input } from '../command.ts';
import { runConfined } from '../../confine/run_confined.ts';
import type { PhaseContext } from '../../rules/decide.ts';
import { phaseNamed } from '../phase_arguments.ts';
import { packageContextFrom, packageContextOf } from '../../rules/phase_context.ts';
import { features } from '../../rules/features.ts';
import { isSrcPhase } from '../../rules/phases.ts';
import { resolvePortage } from '../../portage/resolve_package.ts';
import { quote } from '../../util/environment.ts';
import { prefixOf } from '../prefix.ts';

/** The default phase of `portcullis run`. In src_compile, all sandboxes apply. */
const PHASE = 'compile';

export async function run({ values, words, command }: Input): Promise<number> {
	const { like, features: list } = values;
	const [word, tooMany] = words;
	if (like !== undefined && list !== undefined) throw new UsageError('run takes --features or --like, not both');
	if (like === undefined && word !== undefined) throw new UsageError(`put -- before the command "${word}"`);
	if (tooMany !== undefined) throw new UsageError(`put -- before the command "${tooMany}"`);
	const phase = phaseNamed(word ?? PHASE);
	if (!isSrcPhase(phase)) throw new UsageError(`only src_* phases are confined, and "${word ?? ''}" is not one`);
	if (list !== undefined) checkFeatures(list);

	const eprefix = prefixOf(values);
	let cpv = 'portcullis/run';
	let phaseContext: PhaseContext = {
		...packageContextFrom({ FEATURES: list ?? Object.values(features).join(' ') }),
		phase,
	};
	if (like !== undefined) {
		const configuration = await resolvePortage(eprefix, like);
		cpv = configuration.package?.cpv ?? cpv;
		phaseContext = { ...packageContextOf(configuration), phase };
	}
	const argv = command !== undefined && command.length > 0 ? command : shell(like);
	return runConfined(phaseContext, argv, { eprefix, cpv, environment: process.env });
}

/**
 * Returns a command that starts the user's shell with a prefix in its prompt. An init file sets PS1 of bash, and fish has the function
 * fish_prompt. Other shells use PS1 of the environment unless their own init files set PS1. "bash -c 'set -m'" starts them in a process group
 * of their own, because dash fails in the group of portcullis, which has the ID 0 in a PID namespace.
 */
function shell(name = 'portcullis'): string[] {
	const program = process.env['SHELL'] ?? 'bash';
	const prompt = `(${name}) `;
	const fish = `functions -c fish_prompt portcullis_prompt; function fish_prompt; echo -n ${quote(prompt)}; portcullis_prompt; end`;
	const init = `<(printf '%s\\n' '[[ ! -r ~/.bashrc ]] || source ~/.bashrc' ${quote(`PS1=${quote(prompt)}$PS1`)})`;
	const commands: Readonly<Record<string, string[]>> = {
		bash: [program, '-c', `exec "$0" --rcfile ${init} -i`, program],
		fish: [program, '-C', fish],
	};
	const ps1 = `${prompt}${process.env['PS1'] ?? '$ '}`;
	return commands[basename(program)] ?? ['bash', '-c', 'set -m; PS1=$1 "$0"; exit', program, ps1];
}

function checkFeatures(list: string): void {
	const words: readonly string[] = Object.values(features);
	for (const word of list.split(/\s+/).filter(Boolean)) {
		if (!words.includes(word)) throw new UsageError(`--features ${word} confines nothing. Use ${words.join(', ')}`);
	}
}
