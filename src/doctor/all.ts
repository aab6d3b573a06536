import { collisionFindings } from './collision.ts';
import type { Finding } from './finding.ts';
import { confineFindings, hooksFindings, portageFindings, recordFindings } from './place.ts';
import { sandboxFindings } from './sandbox.ts';
import type { World } from './world.ts';

/** Every look that doctor takes, in the order of its screen. */
const looks: readonly ((world: World) => Finding[])[] = [
	portageFindings,
	hooksFindings,
	confineFindings,
	sandboxFindings,
	collisionFindings,
	recordFindings,
];

export function examine(world: World): Finding[] {
	return looks.flatMap((look) => look(world));
}
