import type { Confinement } from './phases.ts';

/** The words of FEATURES that we honour. Portage knows all three: it warns about any word that it doesn't. */
export const features: Readonly<Record<Confinement, string>> = {
	net: 'network-sandbox',
	ipc: 'ipc-sandbox',
	cgroup: 'cgroup',
};

/** What FEATURES calls a confinement; other things keep their name. */
export function featureOf(what: string): string {
	return Object.entries(features).find(([one]) => one === what)?.[1] ?? what;
}
