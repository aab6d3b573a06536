import { destinations, places, privateTexts, refused, type Destinations } from '../confine/destinations.ts';
import { aroundOf } from '../conflicts/build_context.ts';
import { resolve } from '../rules/settings.ts';
import { good, type Finding } from './finding.ts';
import type { World } from './system_info.ts';

const title = 'Let through';

/** What PORTCULLIS_ALLOW of make.conf comes to here and now, an entry each. */
export async function allowFindings(world: World): Promise<Finding[]> {
	const { configuration, asked } = world;
	const setting = resolve(configuration?.variables ?? {}).PORTCULLIS_ALLOW;
	if (configuration === undefined || setting === '') return [];
	if (!asked.includes('net')) {
		const means = `PORTCULLIS_ALLOW="${setting}" does nothing, as FEATURES names no network-sandbox.`;
		return [{ id: 'allow', state: 'idle', title, means, way: '', seen: [] }];
	}
	try {
		const around = aroundOf({ ...process.env, ...configuration.variables }, configuration.features);
		return [...proxy(world), ...entries(await destinations(setting, around))];
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return [bad('allow', `${error.message}.`, 'Correct it in make.conf: until then no build starts.')];
	}
}

/** Root's Portage cuts off whoever would make the connections. */
function proxy({ uid, configuration }: World): Finding[] {
	const { features = [] } = configuration ?? {};
	if (uid !== 0 || features.includes('distcc') || features.includes('network-sandbox-proxy')) return [];
	const means = 'nothing is: as root Portage itself isolates the network, and starts no proxy for what is outside.';
	return [bad('allow-proxy', means, 'FEATURES="network-sandbox-proxy" makes Portage start one.')];
}

function entries(found: Destinations): Finding[] {
	return [
		...found.list.flatMap((one) => {
			const name = one.distcc ? `distcc's ${one.entry} (${found.where})` : one.entry;
			const reached = places(one);
			return reached.length === 0 ? [] : [good(`allow-${one.entry}`, title, `${name}: ${reached.join(' ')}`, reached)];
		}),
		...privateTexts(found).map((text) => good('allow-private', title, `${text}.`)),
		...refused(found).map(({ entry, what, why, way }) => bad(`allow-${entry}`, `${what} stays blocked: ${why}.`, way)),
		...(found.distcc === 'not in use'
			? [{ id: 'allow-distcc', state: 'idle' as const, title, means: 'distcc: it is not in use.', way: '', seen: [] }]
			: []),
	];
}

function bad(id: string, means: string, way: string): Finding {
	return { id, state: 'bad', title, means, way, seen: [] };
}
