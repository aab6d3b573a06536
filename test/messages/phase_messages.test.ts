// SPDX-License-Identifier: GPL-2.0-or-later
import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../src/records/schema.ts';
import { render, phaseMessages } from '../../src/messages/phase_messages.ts';
import { makeRecord } from './record.ts';

function lines(members: object, context: Parameters<typeof phaseMessages>[1] = {}): string[] {
	return phaseMessages(makeRecord({ phase: 'compile', ...members }), context).map(render);
}

const orphan = { pid: 7, comm: 'sleep', argv: ['sleep', '99'], age: 1.5 };

const base = JSON.stringify({ schema: 1, time: '2026-11-24T21:50:00.000Z', status: { exit: 0 } });

describe('phaseMessages', () => {
	test('phaseMessages() returns no message for a phase without incidents', () => {
		expect(lines({ orphans: [], blocked: [], missing: [], unreachable: 0 })).toEqual([]);
		expect(lines({})).toEqual([]);
	});

	test('if a phase reached a cgroup limit, the message contains the effect of the limit and the PORTCULLIS_*_MAX variable to raise', () => {
		expect(lines({ limit_hit: 'memory.max' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile reached its limit, memory.max, and was killed. Raise PORTCULLIS_MEMORY_MAX in make.conf or /etc/portage/env',
		]);
		expect(lines({ limit_hit: 'pids.max' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile reached its limit, pids.max, and could not start more processes. Raise PORTCULLIS_PIDS_MAX in make.conf or /etc/portage/env',
		]);
		expect(lines({ limit_hit: 'memory.max', limit_inherited: true })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile reached the limit of the whole build, memory.max, and was killed. Raise PORTCULLIS_MEMORY_MAX in make.conf or /etc/portage/env',
		]);
	});

	const denied = 'unshare(CLONE_NEWUSER): Permission denied';
	const missing = [{ what: 'ipc', why: denied }];

	test('one ewarn lists all missing sandboxes, most important first, with the effect, the cause in words and the command for the fix', () => {
		const unavailable = [
			{ what: 'cgroup', why: denied },
			{ what: 'net', why: denied },
		];
		const text =
			'network-sandbox, ipc-sandbox and cgroup are not available, so builds can reach the network and the services of this host: the policy of a security module (such as AppArmor or SELinux) denies the creation of namespaces (unshare(CLONE_NEWUSER): Permission denied). To find the fix, run: portcullis doctor';
		expect(lines({ missing }, { unavailable })).toEqual([`ewarn Portcullis: app-misc/foo-1: src_compile: ${text}`]);
		expect(lines({ missing })[0]).toContain(
			'ipc-sandbox is not available, so builds can access the message queues and the shared memory of this host: ',
		);
	});

	test('if a system call filter replaces the network namespace, one ewarn reports the filter and the missing sandboxes, with the cause and the command for the fix', () => {
		const filtered = { applied: { net: 'filter' }, filter_why: denied };
		const weaker = 'without a network namespace, network-sandbox only filters system calls and is weaker';
		const cause =
			'the policy of a security module (such as AppArmor or SELinux) denies the creation of namespaces (unshare(CLONE_NEWUSER): Permission denied). To find the fix, run: portcullis doctor';
		const both = `ipc-sandbox is not available, so builds can access the message queues and the shared memory of this host, and ${weaker}: ${cause}`;
		expect(lines(filtered)).toEqual([`ewarn Portcullis: app-misc/foo-1: src_compile: ${weaker}: ${cause}`]);
		expect(lines({ ...filtered, missing })).toEqual([`ewarn Portcullis: app-misc/foo-1: src_compile: ${both}`]);
		// A phase that keeps the network produces the same message, so that emerge prints the message once.
		expect(lines({ missing }, { filterWhy: denied })).toEqual(lines({ ...filtered, missing }));
	});

	test('for every phase and package, the message about missing sandboxes has the same deduplication key, so each run of emerge prints the message once', () => {
		const keys = ['compile', 'test'].map(
			(phase) => phaseMessages({ ...parseRecord(base), phase, package: `a/${phase}-1`, missing })[0]?.once,
		);
		expect(keys[0]).toContain('ipc-sandbox is not available');
		expect(keys[1]).toBe(keys[0]);
	});

	test('if cgroup limits cannot be set, one message per package contains the PORTCULLIS_*_MAX variables of these limits', () => {
		const missing = [
			{ what: 'memory.max', why: 'no controller' },
			{ what: 'cpu.max', why: 'no controller' },
			{ what: 'net', why: 'no' },
		];
		const texts = (name: string, phase = 'compile') =>
			phaseMessages({ ...parseRecord(base), package: name, phase, missing });
		expect(texts('a/b-1').map(({ text }) => text)).toEqual([
			expect.stringContaining(
				'network-sandbox is not available, so builds can reach the network and the services of this host: no. ',
			),
			'Portcullis: a/b-1: src_compile runs without the limits PORTCULLIS_MEMORY_MAX and PORTCULLIS_CPU_MAX: no controller. To find the cause, run: portcullis doctor',
		]);
		expect(texts('a/b-1')[1]?.once).toBeDefined();
		expect(texts('a/b-1', 'install')[1]?.once).toBe(texts('a/b-1')[1]?.once);
		expect(texts('a/c-1')[1]?.once).not.toBe(texts('a/b-1')[1]?.once);
	});

	test('if PORTCULLIS_SOCKETS="own" has no effect, one ewarn per run of emerge contains the effect and the cause; with PORTCULLIS_ON_FAILURE="die", a die message contains the cause', () => {
		const missing = [{ what: 'own-sockets', why: 'seccomp: Device or resource busy' }];
		expect(lines({ missing })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile: PORTCULLIS_SOCKETS="own" has no effect, so the phase can reach the UNIX sockets of this host: seccomp: Device or resource busy. To find the fix, run: portcullis doctor',
		]);
		expect(phaseMessages({ ...parseRecord(base), missing })[0]?.once).not.toContain('foo');
		expect(lines({ missing, status: { exit: 125 } }, { refused: true })[0]).toContain(
			'"die" is set and PORTCULLIS_SOCKETS is not available: seccomp: Device or resource busy. ',
		);
	});

	test('if confine refused to start a phase, phaseMessages() returns a die message with the setting, the missing sandbox, the cause and a command', () => {
		const refused = { status: { exit: 125 }, missing: [{ what: 'net', why: 'no' }] };
		expect(lines(refused, { refused: true })).toEqual([
			'die Portcullis: app-misc/foo-1: src_compile: the build stops, because PORTCULLIS_ON_FAILURE="die" is set and network-sandbox is not available: no. To find the fix, run: portcullis doctor',
		]);
		expect(lines(refused)[0]).toMatch(/^ewarn /);
	});

	test('the message about a killed orphan contains the command line, PID and age of the orphan', () => {
		expect(lines({ orphans: [orphan], orphan_count: 1 })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile: 1 leftover process killed: sleep 99 (pid 7, 2 s old). Details: portcullis report app-misc/foo',
		]);
	});

	test('the message about an orphan that survives SIGKILL comes before the messages about killed orphans', () => {
		const texts = lines({ orphans: [orphan, { ...orphan, pid: 8, stuck: true }], orphan_count: 2 });
		expect(texts[0]).toContain(
			'src_compile: 1 leftover process still running after SIGKILL: sleep 99 (pid 8, 2 s old).',
		);
		expect(texts[1]).toContain('1 leftover process killed: sleep 99 (pid 7');
	});

	test('if many orphans were killed, one message contains the number of orphans and lists three', () => {
		const one = 'sleep 99 (pid 7, 2 s old)';
		const texts = lines({ orphans: Array.from({ length: 32 }, () => orphan), orphan_count: 100 });
		expect(texts).toHaveLength(1);
		expect(texts[0]).toContain(`100 leftover processes killed: ${one}, ${one}, ${one} +97. Details: `);
	});

	test('the message about a killed sccache server contains no PID, so each run of emerge prints the message once; a killed sccache client is reported like any other orphan', () => {
		const server = { ...orphan, argv: ['/usr/bin/sccache'] };
		const client = { ...orphan, argv: ['/usr/bin/sccache', 'gcc'] };
		const texts = lines({ orphans: [server, client], orphan_count: 2 });
		expect(texts[0]).toContain('1 leftover process killed: /usr/bin/sccache gcc (pid 7');
		expect(texts[1]).toBe(
			'elog Portcullis: app-misc/foo-1: src_compile: the sccache server was killed, like all processes that outlive their phase. No fix is needed: the next phase starts a new server with the same cache',
		);
		expect(texts).toHaveLength(2);
		const record = parseRecord(`${base.slice(0, -1)},"orphans":[${JSON.stringify(server)}]}`);
		expect(phaseMessages(record)[0]?.once).toMatch(/^the sccache server was killed/);
	});

	test('one message contains the number of removed IPC objects, lists three with their programs, and replaces control characters', () => {
		const ipc_objects = [
			{ kind: 'shm', name: '0x0000002a', comm: 'Xvfb' },
			{ kind: 'sem', name: 'private', comm: 'a\nb' },
			{ kind: 'mqueue', name: '/queue\u001b', comm: 'test' },
			{ kind: 'msg', name: '0x0000002b', comm: 'test' },
		];
		expect(lines({ ipc_objects, ipc_object_count: 50 })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile: 50 leftover IPC objects removed: shared memory 0x0000002a (Xvfb), private semaphores (a?b), message queue /queue? (test) +47. Details: portcullis report app-misc/foo',
		]);
	});

	test('the message about an orphan omits the argument of -c and replaces control characters', () => {
		const argv = ['a\nelog all is well', '\u001b[2J', '\\033[2J', '-c', 'sleep  9\nexit', 'more  words'];
		expect(lines({ orphans: [{ ...orphan, argv }], orphan_count: 1 })[0]).toContain(
			'killed: a?elog all is well ?[2J \\033[2J -c … more words (pid 7, 2 s old)',
		);
	});
});

describe('an invalid record', () => {
	const time = '2026-11-24T21:50:00.000Z';
	test.each([
		['{', 'the line is not JSON'],
		['{}', 'the schema is not 1'],
		['[]', 'the record is not an object'],
		['{"schema":2}', 'the schema is not 1'],
		['{"schema":1}', 'time is not a time'],
		[`{"schema":1,"time":"${time}"}`, 'status is not an object'],
		[`{"schema":1,"time":"${time}","status":{"exit":0},"orphans":[{"pid":"7"}]}`, 'orphans.pid is not an integer'],
		[`{"schema":1,"time":"${time}","status":{"exit":0},"missing":{}}`, 'missing is not a list'],
	])('parseRecord() refuses the line %s with a message that states what is invalid', (line, message) => {
		expect(() => parseRecord(line)).toThrow(message);
	});
});
