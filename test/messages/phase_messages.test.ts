import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../src/records/schema.ts';
import { render, phaseMessages } from '../../src/messages/phase_messages.ts';

function lines(members: object, refused = false): string[] {
	const record = {
		schema: 1,
		time: '2026-11-24T21:50:00.000Z',
		package: 'app-misc/foo-1',
		phase: 'compile',
		status: { exit: 0 },
		...members,
	};
	return phaseMessages(parseRecord(JSON.stringify(record)), refused).map(render);
}

const orphan = { pid: 7, comm: 'sleep', argv: ['sleep', '99'], age: 1.5 };

describe('phaseMessages', () => {
	test('phaseMessages() returns no message for a phase without incidents', () => {
		expect(lines({ orphans: [], blocked: [], missing: [], unreachable: 0 })).toEqual([]);
		expect(lines({})).toEqual([]);
	});

	test('if a phase reached a limit, the message contains the effect and the variable to raise', () => {
		expect(lines({ limit_hit: 'memory.max' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile reached its limit, memory.max, and was killed. Raise PORTCULLIS_MEMORY_MAX in make.conf or package.env',
		]);
		expect(lines({ limit_hit: 'pids.max' })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile reached its limit, pids.max, and could not start more processes. Raise PORTCULLIS_PIDS_MAX in make.conf or package.env',
		]);
		expect(lines({ limit_hit: 'memory.max', limit_inherited: true })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile reached the limit of the whole build, memory.max, and was killed. Raise PORTCULLIS_MEMORY_MAX in make.conf or package.env',
		]);
	});

	test('if sandboxes are not available, one message per emerge contains the reason and the fix', () => {
		const missing = [
			{ what: 'net', why: 'user namespaces: unshare: Operation not permitted' },
			{ what: 'ipc', why: 'user namespaces: unshare: Operation not permitted' },
		];
		const [line, ...more] = phaseMessages(
			parseRecord(
				JSON.stringify({
					schema: 1,
					time: '2026-11-24T21:50:00.000Z',
					package: 'a/b-1',
					phase: 'compile',
					missing,
					status: { exit: 0 },
				}),
			),
		);
		expect(more).toEqual([]);
		expect(line?.verb).toBe('elog');
		expect(line?.once).toBeDefined();
		expect(line?.text).toMatch(
			/a\/b-1.*src_compile.*network-sandbox and ipc-sandbox: user namespaces: unshare: Operation not permitted/,
		);
		expect(line?.text.match(/Operation not permitted/g)).toHaveLength(1);
		expect(line?.text).toContain('PORTCULLIS_ON_FAILURE="die"');
	});

	test('if limits are not available, one message per package contains their variables PORTCULLIS_*_MAX', () => {
		const missing = [
			{ what: 'memory.max', why: 'no controller' },
			{ what: 'cpu.max', why: 'no controller' },
			{ what: 'net', why: 'no' },
		];
		const texts = (name: string, phase = 'compile') =>
			phaseMessages(
				parseRecord(
					JSON.stringify({
						schema: 1,
						time: '2026-11-24T21:50:00.000Z',
						package: name,
						phase,
						missing,
						status: { exit: 0 },
					}),
				),
			);
		expect(texts('a/b-1').map(({ text }) => text)).toEqual([
			expect.stringContaining('runs without network-sandbox: no.'),
			expect.stringContaining(
				'runs without PORTCULLIS_MEMORY_MAX and PORTCULLIS_CPU_MAX: no controller. Other phases are affected too',
			),
		]);
		expect(texts('a/b-1')[1]?.once).toBeDefined();
		expect(texts('a/b-1', 'install')[1]?.once).toBe(texts('a/b-1')[1]?.once);
		expect(texts('a/c-1')[1]?.once).not.toBe(texts('a/b-1')[1]?.once);
	});

	test('if confine refused to start a phase, phaseMessages() returns a die message with the reason', () => {
		const refused = { status: { exit: 125 }, missing: [{ what: 'net', why: 'no' }] };
		expect(lines(refused, true)).toEqual(['die network-sandbox is not available here: no']);
		expect(lines(refused)[0]).toMatch(/^elog /);
	});

	test('the message about a killed orphan contains its command line, PID and age', () => {
		expect(lines({ orphans: [orphan], orphan_count: 1 })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile left a process behind, and it was killed: sleep 99 (pid 7, 2 s old)',
		]);
	});

	test('the message about an orphan that survives SIGKILL comes before the messages about killed orphans', () => {
		const texts = lines({ orphans: [orphan, { ...orphan, pid: 8, stuck: true }], orphan_count: 2 });
		expect(texts[0]).toContain('left a process behind that SIGKILL has not ended yet: sleep 99 (pid 8, 2 s old).');
		expect(texts[1]).toContain('and it was killed: sleep 99 (pid 7');
	});

	test('at most eight orphans are listed, followed by the number of the others', () => {
		const texts = lines({ orphans: Array.from({ length: 64 }, () => orphan), orphan_count: 100 });
		expect(texts).toHaveLength(9);
		expect(texts.at(-1)).toContain('92 more such messages. To list them, run: portcullis report app-misc/foo');
	});

	test('control characters and backslashes in the command line of an orphan are replaced or escaped', () => {
		const argv = ['a\nelog all is well', '\u001b[2J', '\\033[2J'];
		expect(lines({ orphans: [{ ...orphan, argv }], orphan_count: 1 })).toEqual([
			'ewarn Portcullis: app-misc/foo-1: src_compile left a process behind, and it was killed: a?elog all is well ?[2J \\\\033[2J (pid 7, 2 s old)',
		]);
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
	])('parseRecord() refuses %s with a message that names the invalid member', (line, message) => {
		expect(() => parseRecord(line)).toThrow(message);
	});
});
