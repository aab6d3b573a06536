import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import manifest from '../../package.json' with { type: 'json' };
import type { Input } from '../commands.ts';
import { examine } from '../doctor/all.ts';
import { lookAround, type World } from '../doctor/world.ts';
import { cgroupPlace } from '../doctor/sandbox.ts';
import { features } from '../features.ts';
import { installation } from '../installation.ts';
import { confinements } from '../phases.ts';
import { UsageError } from '../usage.ts';

export async function run({ values, words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`info takes no argument, and was given "${words[0]}"`);
	const world = await lookAround(values['eprefix'] ?? installation().eprefix);
	process.stdout.write(`${infoText(world).join('\n')}\n`);
	return 0;
}

/** In the manner of `emerge --info`: plain, a fact a line, to be pasted. */
function infoText(world: World): string[] {
	const { configuration, trial, probe, uid } = world;
	const amiss = examine(world).filter(({ state }) => state === 'bad' || state === 'odd');
	return [
		`Portcullis ${manifest.version} (node ${process.versions.node}, Linux ${release()}, ${system()})`,
		'='.repeat(65),
		`Portage:   ${configuration === undefined ? world.noPortage : `${configuration.version}, ${configuration.python}`}`,
		`EPREFIX:   ${world.eprefix || '(none)'}`,
		`User:      uid ${uid}${uid === 0 ? '' : ', so Portage itself honours none of these FEATURES'}`,
		`confine:   mode ${trial.mode}, keeper ${trial.keeper}, ${trial.broken || `watched ${trial.watched}`}`,
		`cgroup:    ${cgroupPlace(world)}`,
		`Probe:     ${[...probe].map(([key, value]) => `${key}=${value.replaceAll(' ', '_')}`).join(' ')}`,
		...confinements.map((what) => `${`${features[what]}:`.padEnd(17)}${honours(world, what)}`),
		...Object.entries(configuration?.variables ?? {}).map(([name, value]) => `${name}="${value}"`),
		...(amiss.length > 0 ? ['', ...amiss.map(({ state, title, means }) => `${state}: ${title}: ${means}`)] : []),
	];
}

function honours({ asked, trial, uid }: World, what: (typeof confinements)[number]): string {
	if (!asked.includes(what)) return 'not asked for';
	const had = trial.had[what] ?? 'none';
	const why = trial.missing.find((one) => one.what === what)?.why ?? '';
	if (had === 'none') return `asked for, not to be had${why === '' ? '' : `: ${why}`}`;
	return uid === 0 && what !== 'cgroup' ? 'asked for, by Portage and Portcullis' : 'asked for, by Portcullis';
}

function system(): string {
	try {
		return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown system';
	} catch {
		return 'unknown system';
	}
}
