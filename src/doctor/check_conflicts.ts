// SPDX-License-Identifier: GPL-2.0-or-later
import { buildContextOf } from '../conflicts/build_context.ts';
import { describeConflict, findConflicts } from '../conflicts/detect.ts';
import { packageContextOf } from '../rules/phase_context.ts';
import { resolve } from '../rules/settings.ts';
import type { Finding } from './finding.ts';
import type { SystemInfo } from './system_info.ts';

/** Reports the conflicts of the configuration in make.conf. Uses defaults for invalid settings, because portageFindings() reports them. */
export function conflictFindings({ configuration }: SystemInfo): Finding[] {
	if (configuration === undefined) return [];
	const settings = resolve(configuration.variables);
	if (settings.PORTCULLIS_CONFLICT === 'ignore') return [];
	const stops = settings.PORTCULLIS_CONFLICT === 'die';
	const packageContext = packageContextOf({ ...configuration, variables: {} });
	const context = buildContextOf({ ...process.env, ...configuration.variables }, packageContext.features, settings);
	const conflicts = findConflicts({ ...packageContext, settings }, context);
	return conflicts.map((found) => {
		const { name } = found.conflict;
		const state = stops ? 'error' : found.conflict.state;
		const { summary, effect, fixes } = describeConflict(found, context);
		return {
			id: `conflict-${name}`,
			state,
			title: name,
			meaning: `${summary}, so ${stops ? 'no build starts (PORTCULLIS_CONFLICT="die")' : effect}.`,
			fix: fixes
				.map(({ text, lines }) => `${text} ${lines}`)
				.join('; ')
				.replaceAll('; To ', '; to '),
			observed: found.evidence.map(({ text }) => text),
		};
	});
}
