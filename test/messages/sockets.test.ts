// SPDX-License-Identifier: GPL-2.0-or-later
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostServiceAt, hostServices } from '../../src/messages/host_services.ts';
import { phaseMessages } from '../../src/messages/phase_messages.ts';
import { makeRecord } from './record.ts';

interface Request {
	readonly path: string;
	readonly comm: string;
	readonly count?: number;
	readonly refused?: true;
}

function lines(sockets: readonly Request[], exit = 0): string[] {
	const record = makeRecord({ status: { exit }, sockets: sockets.map((one) => ({ count: 1, ...one })) });
	return phaseMessages(record).map(({ verb, text }) => `${verb} ${text}`);
}

const docker = { path: '/run/docker.sock', comm: 'docker' };
const database = { path: '/run/postgresql/.s.PGSQL.5432', comm: 'psql' };
const names = { path: '/run/nscd/socket', comm: 'id' };

test('a message reports requests to UNIX sockets of host services that hold keys or start programs, and no requests to other services', () => {
	expect(lines([names, { ...docker, count: 2 }, database], 1)).toEqual([
		'eqawarn Portcullis: app-misc/foo-1: src_test: 2 requests to services of the host that hold keys or start programs (docker → /run/docker.sock)',
	]);
	expect(lines([names, database], 1)).toEqual([]);
});

test('a message reports refused requests to UNIX sockets of the host, except to name services, and, if the phase failed, a command that permits the sockets', () => {
	const refused = [names, docker, database].map((one) => ({ ...one, refused: true }) as const);
	const text =
		'Portcullis: app-misc/foo-1: src_test: 2 requests to sockets of the host refused (docker → /run/docker.sock; psql → /run/postgresql/.s.PGSQL.5432)';
	const setting = 'PORTCULLIS_ALLOW="${PORTCULLIS_ALLOW} unix:/run/docker.sock unix:/run/postgresql/.s.PGSQL.5432"';
	const command = `mkdir -p /etc/portage/env && echo '${setting}' >>/etc/portage/env/allow-sockets-app-misc_foo.conf && echo app-misc/foo allow-sockets-app-misc_foo.conf >>/etc/portage/package.env`;
	expect(lines(refused)).toEqual([`eqawarn ${text}`]);
	expect(lines(refused, 1)).toEqual([
		`ewarn ${text}`,
		`ewarn   To permit these sockets on this machine, run: ${command}`,
	]);
	const folder = mkdtempSync(join(tmpdir(), 'sockets-'));
	execFileSync('bash', ['-c', command.replaceAll('/etc/portage', folder)]);
	const written = ['env/allow-sockets-app-misc_foo.conf', 'package.env'].map((file) =>
		readFileSync(join(folder, file), 'utf8'),
	);
	expect(written).toEqual([`${setting}\n`, 'app-misc/foo allow-sockets-app-misc_foo.conf\n']);
	rmSync(folder, { recursive: true });
	expect(lines(refused.slice(0, 1), 1)).toEqual([]);
	expect(lines([{ path: '/x" FEATURES="', comm: 'x', refused: true }], 1)).toHaveLength(1);
});

test('hostServiceAt() returns the name of the service for each known UNIX socket path, and undefined for an unknown path', () => {
	const known: Readonly<Record<string, readonly string[]>> = {
		'container engine': ['/run/docker.sock', '/run/user/1000/podman/podman.sock', '/run/containerd/containerd.sock'],
		'D-Bus': ['/run/dbus/system_bus_socket', '/run/user/1000/bus', '/tmp/dbus-Xy12'],
		'ssh agent': ['/tmp/ssh-XXXXabc/agent.4711', '/run/user/1000/keyring/ssh', '/run/user/1000/gnupg/S.gpg-agent.ssh'],
		GnuPG: ['/run/user/1000/gnupg/S.gpg-agent', '/home/me/.gnupg/S.keyboxd', '/run/user/1000/gnupg/d.x/S.scdaemon'],
		'key store': ['/run/user/1000/keyring/control', '/run/pcscd/pcscd.comm'],
		PostgreSQL: ['/run/postgresql/.s.PGSQL.5432'],
		MySQL: ['/run/mysqld/mysqld.sock', '/var/lib/mysql/mysql.sock'],
		'name service': [
			'/run/nscd/socket',
			'/run/systemd/userdb/io.systemd.DynamicUser',
			'/run/systemd/resolve/io.systemd.Resolve',
		],
		CUPS: ['/run/cups/cups.sock'],
		'sound server': ['/run/user/1000/pulse/native', '/run/user/1000/pipewire-0'],
		display: ['/run/user/1000/wayland-0', '/tmp/.X11-unix/X0'],
	};
	for (const [name, paths] of Object.entries(known))
		for (const path of paths) expect([path, hostServiceAt(path)?.name]).toEqual([path, name]);
	expect(hostServiceAt('/run/other.sock')).toBeUndefined();
});

test('common_sockets in native/supervisor/record.c contains exactly the socket paths that hostServices marks as common', () => {
	const source = readFileSync('native/supervisor/record.c', 'utf8');
	const list = /common_sockets\[\] = \{([^}]*)\}/.exec(source)?.[1] ?? '';
	const prefixes = [...list.matchAll(/"([^"]+)"/g)].map(([, prefix = '']) => prefix);
	expect(prefixes.length).toBeGreaterThan(4);
	// Each alternative (between `|`) of a pattern of a common service must be one of these prefixes.
	const patterns = hostServices.filter(({ kind }) => kind === 'common').map(({ pattern }) => pattern.source);
	const paths = patterns
		.flatMap((source) => source.replace('(userdb|resolve)', 'userdb').split('|'))
		.map((path) => path.replace(/[\\^$]/g, ''));
	expect(paths.filter((path) => !prefixes.includes(path))).toEqual([]);
	for (const prefix of prefixes)
		expect(
			hostServices.filter(({ pattern }) => pattern.test(`${prefix}${prefix.endsWith('/') ? 'socket' : ''}`)),
		).toMatchObject([{ kind: 'common' }]);
});
