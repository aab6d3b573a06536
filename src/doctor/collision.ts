import { describe, findCollisions } from '../collide.ts';
import { aroundOf } from '../evidence/around.ts';
import { groundOf } from '../explain.ts';
import { resolve } from '../settings.ts';
import type { Finding } from './finding.ts';
import type { World } from './world.ts';

/** What the whole configuration holds that doesn't go together with the sandboxes it asks for. */
export function collisionFindings({ configuration }: World): Finding[] {
	if (configuration === undefined || configuration.variables['PORTCULLIS_COLLISION'] === 'ignore') return [];
	// A bad setting is a finding of its own.
	const ground = groundOf({ ...configuration, variables: {} });
	const { PORTCULLIS_ALLOW } = resolve(configuration.variables);
	const around = aroundOf({ ...process.env, ...configuration.variables }, ground.features, PORTCULLIS_ALLOW);
	// What keeps track of processes is a finding of its own.
	const all = findCollisions({ ...ground, phase: '' }, around).filter(({ collision }) => collision.name !== 'tracking');
	return all.map((found) => {
		const [what = '', happens = '', way = '', ...more] = describe(found, around);
		return {
			id: `collision-${found.collision.name}`,
			state: 'bad' as const,
			title: found.collision.name,
			means: `${what}. ${happens.replace(/^./, (first) => first.toUpperCase())}.`,
			way: `${[way, ...more].join('. ')}.`,
			seen: found.evidence.map((one) => one.what),
		};
	});
}
