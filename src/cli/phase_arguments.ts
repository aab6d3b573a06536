// SPDX-License-Identifier: GPL-2.0-or-later
import { phaseLabel } from '../rules/explanation.ts';
import { fakerootFrom, type PackageContext } from '../rules/phase_context.ts';
import { otherPhases, srcPhases } from '../rules/phases.ts';
import { problem, resolve } from '../rules/settings.ts';
import { words } from '../util/environment.ts';
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

/** Returns the context that the options describe: --features, --restrict and --properties, and --unpack, --setting, --sockets and --allow. */
export function packageContextFrom(values: Readonly<Record<string, string>>): PackageContext {
	const { unpack = '', setting = '', sockets = '', allow = '' } = values;
	const choices = { PORTCULLIS_UNPACK: unpack, PORTCULLIS_CONFLICT: setting, PORTCULLIS_SOCKETS: sockets };
	// An invalid PORTCULLIS_ALLOW is not a usage error: runCheck() reports it after the conflicts.
	for (const [name, value] of Object.entries(choices)) {
		const wrong = problem(name as keyof typeof choices, value);
		if (wrong !== undefined) throw new UsageError(wrong);
	}
	const features = words(values['features']);
	return {
		from: 'ebuild',
		features,
		fakeroot: fakerootFrom(features),
		restrict: words(values['restrict']),
		properties: words(values['properties']),
		settings: resolve({ ...choices, PORTCULLIS_ALLOW: allow }),
	};
}
