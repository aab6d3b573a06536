import { feature, isLoopback, isSocket, text, value, type BuildContext, type Evidence } from './build_context.ts';

/** Portage starts its proxy for who is root, has the network isolated, and one of two words in FEATURES (doebuild.py, spawn()). */
export function socks(context: BuildContext): Evidence[] {
	if (context.uid === 0 && context.features.includes('network-sandbox')) {
		const words = [...feature(context, 'network-sandbox-proxy'), ...feature(context, 'distcc')];
		if (words.length > 0) return words;
	}
	const name = ['PORTAGE_SOCKS5_PROXY', 'DISTCC_SOCKS_PROXY'].find((one) => isSocket(value(context, one)));
	return name === undefined ? [] : [{ what: `${name} names the socket ${value(context, name)}`, cure: `${name}=""` }];
}

export const proxyVariables = [
	...['http_proxy', 'https_proxy', 'ftp_proxy', 'all_proxy'],
	...['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'ALL_PROXY'],
];

export function proxies(context: BuildContext): Evidence[] {
	return proxyVariables.flatMap((name) => {
		const host = /^(?:[a-z0-9+.-]+:\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/i.exec(value(context, name))?.[1] ?? '';
		return isLoopback(host)
			? [{ what: `${name} is ${withoutPassword(value(context, name))}`, cure: `ENV_UNSET="${name}"` }]
			: [];
	});
}

function withoutPassword(url: string): string {
	return url.replace(/\/\/[^@/]*@/, '//');
}

export function agents(context: BuildContext): Evidence[] {
	const sockets = [
		{ name: 'SSH_AUTH_SOCK', file: value(context, 'SSH_AUTH_SOCK') },
		// GnuPG before 2.1: path, process and protocol
		{ name: 'GPG_AGENT_INFO', file: value(context, 'GPG_AGENT_INFO').replace(/:.*/, '') },
	];
	return sockets
		.filter(({ file }) => file !== '' && isSocket(file))
		.map(({ name, file }) => ({ what: `${name} names the socket ${file}`, cure: `ENV_UNSET="${name}"` }));
}

const displays = '/tmp/.X11-unix/X';

/** A server that listens on an abstract socket and on no other (unix(7): those begin with @ in /proc/net/unix). */
export function display(context: BuildContext): Evidence[] {
	const number = /^(?:unix)?(?:\/unix)?:([0-9]+)(?:\.[0-9]+)?$/.exec(value(context, 'DISPLAY'))?.[1];
	if (number === undefined || isSocket(displays + number)) return [];
	const abstract = text('/proc/net/unix')
		.split('\n')
		.some((line) => line.endsWith(` @${displays}${number}`));
	return abstract
		? [
				{
					what: `DISPLAY is ${value(context, 'DISPLAY')}, whose server listens on an abstract socket only`,
					cure: 'ENV_UNSET="DISPLAY"',
				},
			]
		: [];
}
