import { allowFindings } from './allow.ts';
import { collisionFindings } from './collision.ts';
import type { Finding } from './finding.ts';
import { confineFindings, hooksFindings, portageFindings, recordFindings } from './place.ts';
import { sandboxFindings } from './sandbox.ts';
import type { World } from './world.ts';

/** Every look that doctor takes, in the order of its screen. */
const looks: readonly ((world: World) => Finding[] | Promise<Finding[]>)[] = [
	portageFindings,
	hooksFindings,
	confineFindings,
	sandboxFindings,
	allowFindings,
	collisionFindings,
	recordFindings,
];

export async function examine(world: World): Promise<Finding[]> {
	const findings: Finding[] = [];
	for (const look of looks) findings.push(...(await look(world)));
	return findings;
}
