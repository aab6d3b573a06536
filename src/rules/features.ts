// SPDX-License-Identifier: GPL-2.0-or-later
import { enumerate } from '../util/units.ts';
import type { Confinement } from './phases.ts';

/** The words of FEATURES that enable the sandboxes. Portcullis adds no words of its own, because Portage warns about unknown words. */
export const features: Readonly<Record<Confinement, string>> = {
	net: 'network-sandbox',
	ipc: 'ipc-sandbox',
	pid: 'pid-sandbox',
	mount: 'mount-sandbox',
	cgroup: 'cgroup',
};

/** The words of FEATURES with which Portage as root starts a SOCKS5 proxy outside the network sandbox (spawn() in doebuild.py). */
export const proxyFeatures = ['network-sandbox-proxy', 'distcc'] as const;

/** For each sandbox, the effect on a phase that runs without it. */
export const effects: Readonly<Record<Confinement, string>> = {
	net: 'builds can reach the network and the services of this host',
	ipc: 'builds can access the message queues and the shared memory of this host',
	pid: 'builds can see and signal the processes of this host',
	mount: 'file systems that a build mounts stay mounted on this host',
	cgroup: 'processes that a phase leaves behind keep running',
};

/** The effect of a container that masks parts of /proc: there, the kernel refuses to mount a new /proc for a PID namespace. */
export const hostProcEffect = 'a phase sees the /proc of the host, so that ps, gdb and /proc/PID show wrong processes';
export const hostProcFix =
	'Start the container with `--security-opt systempaths=unconfined` (Docker) or `--security-opt unmask=ALL` (Podman), or add to make.conf: FEATURES="${FEATURES} -pid-sandbox"';

/** Returns the object of a sentence about phases that keep `the /dev/shm of the host, because ...`. `names`: the variables whose folders lie in /dev/shm. */
export function hostShmReason(names: readonly string[]): string {
	return `the /dev/shm of the host, because it contains the folder of ${enumerate(names)}`;
}

/** Converts the name of a sandbox in a record (net) to its word of FEATURES (network-sandbox). Returns other names unchanged. */
export function featureOf(name: string): string {
	return Object.entries(features).find(([confinement]) => confinement === name)?.[1] ?? name;
}
