// SPDX-License-Identifier: GPL-2.0-or-later
import type { Confinement } from './phases.ts';

/** The words of FEATURES that enable the sandboxes. All are words of Portage, because Portage warns about words that it does not define. */
export const features: Readonly<Record<Confinement, string>> = {
	net: 'network-sandbox',
	ipc: 'ipc-sandbox',
	cgroup: 'cgroup',
};

/** For each sandbox, the effect on a phase that runs without it. */
export const effects: Readonly<Record<Confinement, string>> = {
	net: 'builds can reach the network and the services of this host',
	ipc: 'builds can access the message queues and the shared memory of this host',
	cgroup: 'processes that a phase leaves behind keep running',
};

/** Converts the name of a sandbox in a record (net) to its word of FEATURES (network-sandbox). Returns other names unchanged. */
export function featureOf(name: string): string {
	return Object.entries(features).find(([confinement]) => confinement === name)?.[1] ?? name;
}
