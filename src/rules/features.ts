import type { Confinement } from './phases.ts';

/** The words of FEATURES that enable the sandboxes. Portage defines all three, and warns about words that it does not define. */
export const features: Readonly<Record<Confinement, string>> = {
	net: 'network-sandbox',
	ipc: 'ipc-sandbox',
	cgroup: 'cgroup',
};

/** The effect of a missing sandbox. */
export const effects: Readonly<Record<Confinement, string>> = {
	net: 'builds can reach the network and the services of this host',
	ipc: 'builds can access the message queues and the shared memory of this host',
	cgroup: 'processes that a phase leaves behind keep running',
};

/** The word of FEATURES for a sandbox of a record; other names are returned unchanged. */
export function featureOf(name: string): string {
	return Object.entries(features).find(([confinement]) => confinement === name)?.[1] ?? name;
}
