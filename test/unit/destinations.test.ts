import { expect, test } from 'vitest';
import { allowOptions, destinationLines, type Destinations } from '../../src/destinations.ts';

/** So many hosts, by name or by address. */
function hosts(count: number, named: boolean): Destinations {
	const list = Array.from({ length: count }, (_, at) => {
		const host = named ? `host${at}.example` : `192.0.2.${at}`;
		return { entry: `${host}:443`, host, addresses: [`192.0.2.${at}`], port: 443, distcc: false };
	});
	return { list, uncovered: [], distcc: 'not asked for', where: '' };
}

test.each([
	[64, false, 64],
	[64, true, 128],
	[65, false, 64],
	[65, true, 128],
])('%i hosts, by name: %s: %i options, and what is left out is said', (count, named, options) => {
	const found = hosts(count, named);
	expect(allowOptions(found)).toHaveLength(options);
	const said = destinationLines(found, 'app-test/probe-1').map(({ verb, text }) => `${verb} ${text}`);
	expect(said).toEqual(
		count > 64
			? [
					expect.stringMatching(
						/^ewarn Portcullis: app-test\/probe-1: .* more than 64 addresses: the rest stays blocked/,
					),
				]
			: [],
	);
});
