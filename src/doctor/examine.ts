// SPDX-License-Identifier: GPL-2.0-or-later
import { conflictFindings } from './check_conflicts.ts';
import { allowFindings } from './check_destinations.ts';
import { allHookFindings, confineFindings, portageFindings, recordFindings } from './check_installation.ts';
import { sandboxFindings } from './check_sandboxes.ts';
import type { Finding } from './finding.ts';
import type { SystemInfo } from './system_info.ts';

/** All functions that make findings, in the order in which doctor prints the findings. */
const checks: readonly ((system: SystemInfo) => Finding[] | Promise<Finding[]>)[] = [
	portageFindings,
	allHookFindings,
	confineFindings,
	sandboxFindings,
	allowFindings,
	conflictFindings,
	recordFindings,
];

export async function examine(system: SystemInfo): Promise<Finding[]> {
	const findings: Finding[] = [];
	for (const check of checks) findings.push(...(await check(system)));
	return findings;
}
