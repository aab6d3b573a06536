import { allowFindings } from './check_destinations.ts';
import { collisionFindings } from './check_conflicts.ts';
import type { Finding } from './finding.ts';
import { confineFindings, hooksFindings, portageFindings, recordFindings } from './check_installation.ts';
import { sandboxFindings } from './check_sandboxes.ts';
import type { World } from './system_info.ts';

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
