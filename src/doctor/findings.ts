import { allowFindings } from './check_destinations.ts';
import { conflictFindings } from './check_conflicts.ts';
import type { Finding } from './finding.ts';
import { confineFindings, hooksFindings, portageFindings, recordFindings } from './check_installation.ts';
import { sandboxFindings } from './check_sandboxes.ts';
import type { SystemInfo } from './system_info.ts';

/** Every look that doctor takes, in the order of its screen. */
const looks: readonly ((system: SystemInfo) => Finding[] | Promise<Finding[]>)[] = [
	portageFindings,
	hooksFindings,
	confineFindings,
	sandboxFindings,
	allowFindings,
	conflictFindings,
	recordFindings,
];

export async function examine(system: SystemInfo): Promise<Finding[]> {
	const findings: Finding[] = [];
	for (const look of looks) findings.push(...(await look(system)));
	return findings;
}
