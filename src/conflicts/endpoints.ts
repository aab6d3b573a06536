import { BlockList, isIP } from 'node:net';
import type { BuildContext } from './build_context.ts';

/** A host and a port, as a configuration names them. */
export interface Endpoint {
	readonly host: string;
	readonly port: number;
}

/** Of the schemes that ccache's and sccache's addresses have. */
const ports: Readonly<Record<string, number>> = { http: 80, https: 443, redis: 6379, rediss: 6379 };

/** The places that the addresses in a text lead to: `redis://me@cache:6379/1`, `http://[fd00::7]/`. */
export function endpointsIn(text: string): Endpoint[] {
	const addresses = text.matchAll(/\b([a-z][a-z0-9+]*):\/\/(?:[^@/\s]*@)?(\[[^\]]*\]|[^:/\s"'|]+)(?::([0-9]+))?/gi);
	return [...addresses].map(([, scheme = '', host = '', port]) => ({
		host: host.replace(/^\[|\]$/g, ''),
		port: Number(port ?? ports[scheme.toLowerCase()] ?? 0),
	}));
}

/** Whether PORTCULLIS_ALLOW lets a place through: by the same name, or by a range that an address lies in. */
export function isLet({ allowed }: BuildContext, place: Endpoint): boolean {
	return allowed.some((entry) => {
		const parts = /^\[?(?<host>[^\]/]*?)\]?(?:\/(?<bits>[0-9]+))?:(?<port>[0-9]+)$/.exec(entry)?.groups;
		if (parts === undefined || Number(parts['port']) !== place.port) return false;
		const { host = '', bits } = parts;
		if (host.toLowerCase() === place.host.toLowerCase()) return true;
		return isIP(host) === isIP(place.host) && isIP(host) !== 0 && isWithin(place.host, host, bits);
	});
}

function isWithin(address: string, network: string, bits: string | undefined): boolean {
	const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
	const range = new BlockList();
	range.addSubnet(network, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family);
	return range.check(address, family);
}
