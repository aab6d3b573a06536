import { destinations, endpoints, privateTexts, refused, type Destinations } from '../confine/destinations.ts';
import { buildContextOf } from '../conflicts/build_context.ts';
import { resolve } from '../rules/settings.ts';
import { ok, type Finding } from './finding.ts';
import type { SystemInfo } from './system_info.ts';

const title = 'Let through';

/** What PORTCULLIS_ALLOW of make.conf comes to here and now, an entry each. */
export async function allowFindings(system: SystemInfo): Promise<Finding[]> {
	const { configuration, asked } = system;
	const setting = resolve(configuration?.variables ?? {}).PORTCULLIS_ALLOW;
	if (configuration === undefined || setting === '') return [];
	if (!asked.includes('net')) {
		const means = `PORTCULLIS_ALLOW="${setting}" does nothing, as FEATURES names no network-sandbox.`;
		return [{ id: 'allow', state: 'inactive', title, means, fix: '', seen: [] }];
	}
	try {
		const context = buildContextOf({ ...process.env, ...configuration.variables }, configuration.features);
		return [...proxy(system), ...entries(await destinations(setting, context))];
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return [failure('allow', `${error.message}.`, 'Correct it in make.conf: until then no build starts.')];
	}
}

/** Root's Portage cuts off whoever would make the connections. */
function proxy({ uid, configuration }: SystemInfo): Finding[] {
	const { features = [] } = configuration ?? {};
	if (uid !== 0 || features.includes('distcc') || features.includes('network-sandbox-proxy')) return [];
	const means = 'nothing is: as root Portage itself isolates the network, and starts no proxy for what is outside.';
	return [failure('allow-proxy', means, 'FEATURES="network-sandbox-proxy" makes Portage start one.')];
}

function entries(found: Destinations): Finding[] {
	return [
		...found.list.flatMap((one) => {
			const name = one.distcc ? `distcc's ${one.entry} (${found.where})` : one.entry;
			const texts = endpoints(one);
			return texts.length === 0 ? [] : [ok(`allow-${one.entry}`, title, `${name}: ${texts.join(' ')}`, texts)];
		}),
		...privateTexts(found).map((text) => ok('allow-private', title, `${text}.`)),
		...refused(found).map(({ entry, what, why, fix }) =>
			failure(`allow-${entry}`, `${what} stays blocked: ${why}.`, fix),
		),
		...(found.distcc === 'not in use'
			? [
					{
						id: 'allow-distcc',
						state: 'inactive' as const,
						title,
						means: 'distcc: it is not in use.',
						fix: '',
						seen: [],
					},
				]
			: []),
	];
}

function failure(id: string, means: string, fix: string): Finding {
	return { id, state: 'error', title, means, fix, seen: [] };
}
