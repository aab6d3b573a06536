// SPDX-License-Identifier: GPL-2.0-or-later
import { release } from 'node:os';
import manifest from '../../../package.json' with { type: 'json' };
import type { Input } from '../command.ts';
import { examine } from '../../doctor/examine.ts';
import { cgroupStatus } from '../../doctor/check_sandboxes.ts';
import { isPortageIsolating, probeSystem, type SystemInfo } from '../../doctor/system_info.ts';
import { features } from '../../rules/features.ts';
import { readFile } from '../../util/files.ts';
import { print } from '../../util/output.ts';
import { confinements } from '../../rules/phases.ts';
import { wrapIndented, wrap } from '../../util/layout.ts';
import { screenOf } from '../../util/terminal.ts';
import { prefixOf } from '../prefix.ts';

/** The indentation of a line that continues the value of a fact. It is as wide as the longest name of a fact. */
const indent = ' '.repeat('network-sandbox: '.length);

export async function run({ values }: Input): Promise<number> {
	const system = await probeSystem(prefixOf(values));
	print(await infoText(system, screenOf(process.stdout).width));
	return 0;
}

/** Returns the lines that `portcullis info` prints: one fact per line, without colours, in the format of `emerge --info`. */
async function infoText(system: SystemInfo, width: number): Promise<string[]> {
	const { configuration, probeResult, probe, uid } = system;
	const problems = (await examine(system)).filter(({ state }) => state === 'error' || state === 'warning');
	const portage =
		configuration === undefined ? system.portageError : `${configuration.version}, ${configuration.python}`;
	const audit = probeResult.broken || `network audit ${probeResult.watched}`;
	const facts: [string, string][] = [
		['Portage', portage],
		['EPREFIX', system.eprefix || '(none)'],
		['User', `uid ${uid}${uid === 0 ? '' : ', for which Portage creates no namespaces'}`],
		['confine', `mode ${probeResult.mode}, process tracking ${probeResult.tracking}, ${audit}`],
		['cgroup', cgroupStatus(system)],
		['Probe', probeText(probe)],
		...confinements.map((what): [string, string] => [features[what], applied(system, what)]),
	];
	const rest = [
		...(configuration === undefined ? [] : [`FEATURES="${configuration.features.join(' ')}"`]),
		...Object.entries(configuration?.variables ?? {}).map(([name, value]) => `${name}="${value}"`),
		...(problems.length > 0
			? ['', ...problems.map(({ state, title, meaning }) => `${state}: ${title}: ${meaning}`)]
			: []),
	];
	return [
		...wrapIndented(
			`Portcullis ${manifest.version} (node ${process.versions.node}, Linux ${release()}, ${distribution()})`,
			width,
			indent,
		),
		'='.repeat(Math.min(65, width)),
		...facts.flatMap(([name, value]) =>
			wrap(value, width - indent.length).map(
				(line, at) => (at === 0 ? `${name}:`.padEnd(indent.length) : indent) + line,
			),
		),
		...rest.flatMap((line) => wrapIndented(line, width, indent)),
	];
}

function applied(system: SystemInfo, what: (typeof confinements)[number]): string {
	const { requested, notRequestedWhy, probeResult } = system;
	if (!requested.includes(what)) return `not applied by Portcullis, because ${notRequestedWhy}`;
	const by = probeResult.applied[what] ?? 'none';
	const why = probeResult.missing.find((one) => one.what === what)?.why ?? '';
	if (by === 'none') return `requested; not available${why === '' ? '' : `: ${why}`}`;
	if (by === 'filter') return `requested; Portcullis filters system calls: ${probeResult.filterWhy}`;
	return isPortageIsolating(system) && what !== 'cgroup'
		? 'requested; applied by Portage if emerge runs as root; otherwise by Portcullis'
		: 'requested; Portcullis applies it';
}

/** Returns the output of `confine --probe` on one line, without the keys that other lines of `info` show. */
function probeText(probe: SystemInfo['probe']): string {
	const rest = Object.entries(probe).filter(([key]) => !['mode', 'uid', 'cgroup'].includes(key));
	return rest.map(([key, value]) => `${key}=${value.replaceAll(' ', '_')}`).join(' ');
}

function distribution(): string {
	return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFile('/etc/os-release') ?? '')?.[1] ?? 'unknown system';
}
