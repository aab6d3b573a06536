import { describe, findConflicts } from '../conflicts/detect.ts';
import { buildContextOf } from '../conflicts/build_context.ts';
import { packageContextOf } from '../rules/phase_context.ts';
import { resolve } from '../rules/settings.ts';
import type { Finding } from './finding.ts';
import type { SystemInfo } from './system_info.ts';

/** What the whole configuration holds that doesn't go together with the sandboxes it asks for. */
export function conflictFindings({ configuration }: SystemInfo): Finding[] {
	if (configuration === undefined) return [];
	// A bad setting is a finding of its own.
	const settings = resolve(configuration.variables);
	if (settings.PORTCULLIS_CONFLICT === 'ignore') return [];
	const stops = settings.PORTCULLIS_CONFLICT === 'die';
	const packageContext = packageContextOf({ ...configuration, variables: {} });
	const context = buildContextOf(
		{ ...process.env, ...configuration.variables },
		packageContext.features,
		settings.PORTCULLIS_ALLOW,
	);
	return findConflicts({ ...packageContext, settings, phase: '' }, context).flatMap((found) => {
		const { name } = found.conflict;
		const state = stops ? 'error' : found.conflict.state;
		if (state === undefined) return [];
		const [what = '', outcome = '', fix = '', ...more] = describe(found, context);
		const then = stops ? 'nothing is built, as PORTCULLIS_CONFLICT="die" asks' : outcome;
		return {
			id: `collision-${name}`,
			state,
			title: name,
			means: `${what}. ${then.replace(/^./, (first) => first.toUpperCase())}.`,
			fix: `${[fix, ...more].join('. ')}.`,
			seen: found.evidence.map((one) => one.what),
		};
	});
}
