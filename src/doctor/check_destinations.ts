// SPDX-License-Identifier: GPL-2.0-or-later
import {
	blockedEntries,
	destinations,
	endpoints,
	maxOptions,
	privateAddressNotes,
	type Destinations,
} from '../confine/destinations.ts';
import { buildContextOf } from '../conflicts/build_context.ts';
import { proxyFix } from '../messages/network.ts';
import { features, proxyFeatures } from '../rules/features.ts';
import { resolve } from '../rules/settings.ts';
import { isIsolatingRoot } from '../util/processes.ts';
import { error, inactive, ok, type Finding } from './finding.ts';
import type { SystemInfo } from './system_info.ts';

const title = 'Allowed';

/** Resolves the entries of PORTCULLIS_ALLOW in make.conf and reports each of them. */
export async function allowFindings(system: SystemInfo): Promise<Finding[]> {
	const { configuration, requested, notRequestedWhy } = system;
	const setting = resolve(configuration?.variables ?? {}).PORTCULLIS_ALLOW;
	if (configuration === undefined || setting === '') return [];
	if (!requested.includes('net')) {
		const reason = `${features.net} is not applied, because ${notRequestedWhy}`;
		return [inactive('allow', title, `PORTCULLIS_ALLOW="${setting}" has no effect: ${reason}.`)];
	}
	try {
		const context = buildContextOf({ ...process.env, ...configuration.variables }, configuration.features);
		const found = await destinations(setting, context);
		return [...(found.list.length > 0 ? proxyFindings(configuration.features) : []), ...entryFindings(found)];
	} catch (failure) {
		if (!(failure instanceof Error)) throw failure;
		return [error('allow', title, `${failure.message}. No build starts.`, 'Correct PORTCULLIS_ALLOW in make.conf.')];
	}
}

/**
 * Returns an error if root runs doctor and none of `words`, the words of FEATURES, makes Portage start its SOCKS proxy. Portage as root isolates
 * the network before confine starts, so that allowed connections are possible only through this proxy. Otherwise returns [].
 */
export function proxyFindings(words: readonly string[]): Finding[] {
	if (!isIsolatingRoot() || proxyFeatures.some((word) => words.includes(word))) return [];
	const meaning =
		'PORTCULLIS_ALLOW has no effect, because Portage as root isolates the network before confine runs, and starts no proxy.';
	return [error('allow-proxy', title, meaning, proxyFix)];
}

/** Reports each entry of PORTCULLIS_ALLOW: its addresses, or why it stays blocked. `explain` uses these findings too. */
export function entryFindings(found: Destinations): Finding[] {
	return [
		...found.list.flatMap((one) => {
			const name = one.distcc ? `distcc host ${one.entry} (${found.source})` : one.entry;
			const texts = endpoints(one);
			const addresses = texts.join(' ');
			const text = addresses === name ? name : `${name}: ${addresses}`;
			return texts.length === 0 ? [] : [ok(`allow-${one.entry}`, title, text, texts)];
		}),
		...found.sockets.slice(0, maxOptions).map((path) => ok(`allow-${path}`, title, `UNIX socket ${path}`)),
		...privateAddressNotes(found).map((text) => ok('allow-private', title, `${text}.`)),
		...blockedEntries(found).map(({ entry, subject, reason, fix }) =>
			error(`allow-${entry}`, title, `${subject} stays blocked: ${reason}.`, fix),
		),
		...(found.isDistccRequested && !found.isDistccUsed
			? [inactive('allow-distcc', title, 'distcc is not in use, so the word distcc in PORTCULLIS_ALLOW has no effect.')]
			: []),
	];
}
