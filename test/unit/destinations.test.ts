import { expect, test } from 'vitest';
import { allowOptions, destinationLines, type Destination, type Destinations } from '../../src/destinations.ts';

function found(list: readonly Partial<Destination>[], more: Partial<Destinations> = {}): Destinations {
	const full = list.map((one) => ({ entry: 'e', host: 'h', addresses: [], port: 80, distcc: false, ...one }));
	return { list: full, uncovered: [], distcc: 'not asked for', where: '', ...more };
}

const said = (one: Destinations) => destinationLines(one, 'a/b-1').map(({ verb, text }) => `${verb} ${text}`);

/** So many hosts, each with a name and an address. */
const hosts = (count: number) =>
	Array.from({ length: count }, (_, at) => ({ host: `host${at}`, addresses: [`192.0.2.${at}`] }));

test('as many as confine takes are let through, and only where there are more that is said', () => {
	expect(said(found(hosts(33)))).toEqual([]);
	expect(said(found(hosts(64)))).toEqual([]);
	expect(allowOptions(found(hosts(64)))).toHaveLength(128);
	expect(said(found(hosts(65)))).toEqual([
		'ewarn Portcullis: a/b-1: the rest of PORTCULLIS_ALLOW stays blocked: it comes to more than 64 addresses. ADDRESS/BITS:PORT lets a whole network through.',
	]);
	expect(allowOptions(found(hosts(65)))).toHaveLength(128);
	// One address of many names.
	const same = hosts(65).map((one) => ({ ...one, addresses: ['192.0.2.1'] }));
	expect(said(found(same))).toHaveLength(1);
});

test('what stays blocked, with the way out', () => {
	expect(said(found([{ entry: 'gone:80', host: 'gone' }]))).toEqual([
		'ewarn Portcullis: a/b-1: gone:80 in PORTCULLIS_ALLOW stays blocked: no address of gone can be found. An address needs no looking up.',
	]);
	expect(said(found([], { distcc: 'in use', uncovered: ['@far'] }))).toEqual([
		"ewarn Portcullis: a/b-1: distcc's host @far stays blocked: only hosts with a TCP port are let through (not ssh, not zeroconf). Name it as HOST:PORT, and let distccd listen there.",
	]);
	expect(said(found([], { distcc: 'in use' }))).toEqual([
		'ewarn Portcullis: a/b-1: PORTCULLIS_ALLOW names distcc, which knows no host but this one: name some in DISTCC_HOSTS',
	]);
});
