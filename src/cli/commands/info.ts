import { release } from 'node:os';
import manifest from '../../../package.json' with { type: 'json' };
import type { Input } from '../command.ts';
import { examine } from '../../doctor/findings.ts';
import { cgroupPlace } from '../../doctor/check_sandboxes.ts';
import { probeSystem, type SystemInfo } from '../../doctor/system_info.ts';
import { features } from '../../rules/features.ts';
import { installation } from '../../installation/locate.ts';
import { readFile } from '../../util/files.ts';
import { print } from '../../util/output.ts';
import { confinements } from '../../rules/phases.ts';
import { wrapIndented, screenOf, wrap } from '../../util/terminal.ts';
import { UsageError } from '../usage.ts';

/** As wide as the longest name. */
const indent = ' '.repeat('network-sandbox: '.length);

export async function run({ values, words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`info takes no argument, and was given "${words[0]}"`);
	const system = await probeSystem(values['eprefix'] ?? installation().eprefix);
	print(await infoText(system, screenOf(process.stdout).width));
	return 0;
}

/** In the manner of `emerge --info`: plain, a fact a line, to be pasted. */
async function infoText(system: SystemInfo, width: number): Promise<string[]> {
	const { configuration, probeResult, probe, uid } = system;
	const amiss = (await examine(system)).filter(({ state }) => state === 'error' || state === 'warning');
	const phaseContext: [string, string][] = [
		['Portage', configuration === undefined ? system.noPortage : `${configuration.version}, ${configuration.python}`],
		['EPREFIX', system.eprefix || '(none)'],
		['User', `uid ${uid}${uid === 0 ? '' : ', so Portage itself honours none of these FEATURES'}`],
		[
			'confine',
			`mode ${probeResult.mode}, tracked by ${probeResult.tracking}, ${probeResult.broken || `watched ${probeResult.watched}`}`,
		],
		['cgroup', cgroupPlace(system)],
		['Probe', probeText(probe)],
		...confinements.map((what): [string, string] => [features[what], honours(system, what)]),
		...alone(system),
	];
	const rest = [
		...(configuration === undefined ? [] : [`FEATURES="${configuration.features.join(' ')}"`]),
		...Object.entries(configuration?.variables ?? {}).map(([name, value]) => `${name}="${value}"`),
		...(amiss.length > 0 ? ['', ...amiss.map(({ state, title, means }) => `${state}: ${title}: ${means}`)] : []),
	];
	return [
		...wrapIndented(
			`Portcullis ${manifest.version} (node ${process.versions.node}, Linux ${release()}, ${distribution()})`,
			width,
			indent,
		),
		'='.repeat(65),
		...phaseContext.flatMap(([name, value]) =>
			wrap(value, width - indent.length).map(
				(line, at) => (at === 0 ? `${name}:`.padEnd(indent.length) : indent) + line,
			),
		),
		...rest.flatMap((line) => wrapIndented(line, width, indent)),
	];
}

function honours({ asked, probeResult, uid }: SystemInfo, what: (typeof confinements)[number]): string {
	if (!asked.includes(what)) return 'not asked for';
	const applied = probeResult.applied[what] ?? 'none';
	const why = probeResult.missing.find((one) => one.what === what)?.why ?? '';
	if (applied === 'none') return `asked for, not to be had${why === '' ? '' : `: ${why}`}`;
	return uid === 0 && what !== 'cgroup' ? 'asked for, by Portage and Portcullis' : 'asked for, by Portcullis';
}

/** What the lines above it don't say. */
function probeText(probe: SystemInfo['probe']): string {
	const rest = [...probe].filter(([key]) => !['mode', 'uid', 'cgroup'].includes(key));
	return rest.map(([key, value]) => `${key}=${value.replaceAll(' ', '_')}`).join(' ');
}

/** What Portage has besides, and honours as root only (spawn() in doebuild.py, _doebuild_spawn). */
function alone({ configuration, uid }: SystemInfo): [string, string][] {
	return ['pid-sandbox', 'mount-sandbox']
		.filter((word) => configuration?.features.includes(word))
		.map((word) => [word, `asked for, by ${uid === 0 ? 'Portage' : 'nobody: Portage honours it as root only'}`]);
}

function distribution(): string {
	return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFile('/etc/os-release') ?? '')?.[1] ?? 'unknown system';
}
