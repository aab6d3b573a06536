// SPDX-License-Identifier: GPL-2.0-or-later
import { phaseLabel } from '../rules/explanation.ts';
import { otherPhases, srcPhases } from '../rules/phases.ts';
import { suggestion } from '../util/suggestion.ts';
import { UsageError } from './command.ts';

/** Converts the name of a phase, with or without its prefix (src_compile or compile), to EBUILD_PHASE (compile). */
export function phaseNamed(word: string): string {
	const phase = word.replace(/^(src|pkg)_/, '');
	const known: readonly string[] = [...srcPhases, ...otherPhases.filter(Boolean)];
	if (known.includes(phase)) return phase;
	const near = phase === word ? suggestion(phase, known) : suggestion(word, known.map(phaseLabel));
	throw new UsageError(`there is no phase "${word}"${near}`);
}
