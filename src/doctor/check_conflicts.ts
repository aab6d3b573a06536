import { describe, findCollisions } from '../conflicts/detect.ts';
import { aroundOf } from '../conflicts/build_context.ts';
import { groundOf } from '../rules/explain.ts';
import { resolve } from '../rules/settings.ts';
import type { Finding } from './finding.ts';
import type { World } from './system_info.ts';

/** What the whole configuration holds that doesn't go together with the sandboxes it asks for. */
export function collisionFindings({ configuration }: World): Finding[] {
	if (configuration === undefined) return [];
	// A bad setting is a finding of its own.
	const settings = resolve(configuration.variables);
	if (settings.PORTCULLIS_COLLISION === 'ignore') return [];
	const stops = settings.PORTCULLIS_COLLISION === 'die';
	const ground = groundOf({ ...configuration, variables: {} });
	const around = aroundOf({ ...process.env, ...configuration.variables }, ground.features, settings.PORTCULLIS_ALLOW);
	return findCollisions({ ...ground, settings, phase: '' }, around).flatMap((found) => {
		const { name } = found.collision;
		const state = stops ? 'bad' : found.collision.state;
		if (state === undefined) return [];
		const [what = '', happens = '', way = '', ...more] = describe(found, around);
		const then = stops ? 'nothing is built, as PORTCULLIS_COLLISION="die" asks' : happens;
		return {
			id: `collision-${name}`,
			state,
			title: name,
			means: `${what}. ${then.replace(/^./, (first) => first.toUpperCase())}.`,
			way: `${[way, ...more].join('. ')}.`,
			seen: found.evidence.map((one) => one.what),
		};
	});
}
