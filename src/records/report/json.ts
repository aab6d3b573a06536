import { latest, type Collected } from './collect.ts';

/** The same sums as the text shows, for programs. */
export function reportJson(sum: Collected): object {
	const { modes, trackingMethods, packages, blockedPackages, killedPackages, recent, unread, ...rest } = sum;
	return {
		schema: 1,
		...rest,
		modes: Object.fromEntries(modes),
		trackingMethods: Object.fromEntries(trackingMethods),
		packages: packages.size,
		blockedPackages: blockedPackages.size,
		killedPackages: killedPackages.size,
		unread,
		events: latest(sum),
		recent,
	};
}
