// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { findConflicts } from '../../src/conflicts/detect.ts';
import { isAllowed, urlEndpoints } from '../../src/conflicts/endpoints.ts';
import { resolve } from '../../src/rules/settings.ts';

function context(allow: string, features: readonly string[] = [], environment: Record<string, string> = {}) {
	return {
		environment: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...environment },
		features,
		allowed: allow.split(' ').filter(Boolean),
		ownSockets: false,
		uid: 65_534,
		processors: 2,
	};
}

test('urlEndpoints() returns host and port of each URL in a text', () => {
	expect(
		urlEndpoints('redis://me:secret@cache:6380/1 http://[fd00::7]/a|layout=flat url = "https://c.example.org/x"'),
	).toEqual([
		{ host: 'cache', port: 6380 },
		{ host: 'fd00::7', port: 80 },
		{ host: 'c.example.org', port: 443 },
	]);
	expect(urlEndpoints('file:/var/cache redis+unix:/run/redis.sock')).toEqual([]);
});

describe('isAllowed compares an entry of PORTCULLIS_ALLOW with an endpoint', () => {
	test.each([
		['cache.example.org:6379', 'Cache.example.org', 6379, true],
		['cache.example.org:6379', 'cache.example.org', 80, false],
		['cache:6379', 'cache.example.org', 6379, false],
		['10.1.0.0/16:6379', '10.1.255.1', 6379, true],
		['10.1.0.0/16:6379', '10.2.0.1', 6379, false],
		['10.1.0.1:6379', '10.1.0.1', 6379, true],
		['[fd00::]/64:80', 'fd00::7', 80, true],
		['[fd00::7]:80', 'fd00:0:0::7', 80, true],
		['[fd00::]/64:80', '10.1.0.1', 80, false],
		['distcc', '10.1.0.1', 3632, false],
	])(
		'isAllowed() with the PORTCULLIS_ALLOW entry %s, for host %s and port %i, returns %s',
		(allow, host, port, expected) => {
			expect(isAllowed(context(allow), { host, port })).toBe(expected);
		},
	);
});

describe('a conflict with a host in PORTCULLIS_ALLOW', () => {
	const rows: readonly (readonly [string, string, string, Record<string, string>])[] = [
		['distcc', 'distcc', '10.1.1.1:3632', { DISTCC_HOSTS: 'localhost far 10.1.1.1/4,lzo' }],
		['distcc', 'distcc', '[fd00::7]:3700', { DISTCC_HOSTS: '[fd00::7]:3700/4' }],
		['icecream', 'icecream', '10.1.0.0/16:10245', {}],
		['sccache', '', '10.1.1.1:6379', { CC: 'sccache gcc', SCCACHE_REDIS_ENDPOINT: 'redis://10.1.1.1' }],
		['ccache', 'ccache', 'cache:80', { CCACHE_REMOTE_STORAGE: 'file:/x http://cache/' }],
	];
	test.each(rows)(
		'%s is no conflict if PORTCULLIS_ALLOW contains the host and port of its server, and is a conflict if the entry has another port',
		(row, word, allow, environment) => {
			const features = ['network-sandbox', word];
			const phaseContext = { phase: '', from: 'ebuild', features, restrict: [], properties: [], settings: resolve({}) };
			const found = (allowed: string) => {
				const all = findConflicts(phaseContext, context(allowed, features, environment));
				return all.map(({ conflict }) => conflict.name);
			};
			expect(found('')).toEqual([row]);
			expect(found(allow.replace(/:[0-9]+$/, ':9'))).toEqual([row]);
			expect(found(allow)).toEqual([]);
		},
	);
});
