// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { additionsFor, AttemptedDestinations, checkAddition } from '../../src/records/allowance.ts';
import { print } from '../../src/util/output.ts';
import type { RunRecord } from '../../src/records/schema.ts';
import { scan } from '../../src/records/reader.ts';
import { collect, reportJson } from '../../src/records/report/collect.ts';
import { reportHtml } from '../../src/records/report/html.ts';
import { reportText, statsText } from '../../src/records/report/text.ts';
import { render, phaseMessages } from '../../src/messages/phase_messages.ts';

/** `npm run fuzz` sets FUZZ_ROUNDS and FUZZ_SEED, with a new seed each time. A failure prints the seed of the failed round. */
const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 100);
const firstSeed = Number(process.env['FUZZ_SEED'] ?? 1);
const LINES = 20;

const corpora = ['valid', 'forged'].map((name) =>
	readFileSync(join(import.meta.dirname, `${name}.jsonl`), 'utf8')
		.trimEnd()
		.split('\n'),
);
/** Values and pieces of text that are known to break parsers and terminals. */
const values: readonly unknown[] = [
	...[null, true, 0, -1, 0.5, 1e308, 2 ** 53, '', [], {}, [[]], { signal: 9 }, ['a'], 'net', 'tcp', 'root', 'compile'],
	...[
		'127.0.0.1',
		'::1',
		'192.0.2.1"\nFEATURES="-sandbox',
		'../../x-1',
		'__proto__',
		'constructor',
		'\ud800',
		'\u009b2J',
	],
	...[
		'2026-11-24T21:50:00.123Z',
		'a/b-1',
		'x'.repeat(2000),
		'\u001b]0;x\u0007',
		'\u202e',
		'<img src=x onerror=alert(1)>',
	],
];
const pieces = [
	'\\u001b[2J',
	'"',
	'\\',
	'{',
	'}',
	'[',
	']',
	',',
	':',
	'\\n',
	'\u009b',
	'\u202e',
	'1e999',
	'-',
	'\\ud800',
	'__proto__',
	'\0',
	'\r',
];

/** The generator mulberry32: numbers from 0 to 1 that depend only on the seed. */
function random(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

class Mutator {
	readonly #next: () => number;

	constructor(seed: number) {
		this.#next = random(seed);
	}

	below(limit: number): number {
		return Math.floor(this.#next() * limit);
	}

	pick<Value>(list: readonly Value[]): Value {
		return list[this.below(list.length)] as Value;
	}

	#original(): string {
		return this.pick(this.pick(corpora));
	}

	line(): string {
		let line = this.#original();
		for (let times = this.below(4); times > 0; times--)
			line = this.below(2) === 0 ? this.#inValue(line) : this.#inText(line);
		return line.replaceAll('\n', ' ');
	}

	/** Returns the line with one JSON value replaced, removed or added. */
	#inValue(line: string): string {
		let root: unknown;
		try {
			root = JSON.parse(line);
		} catch {
			return this.#inText(line);
		}
		let at = root;
		for (let depth = this.below(5); typeof at === 'object' && at !== null; depth--) {
			const keys = Object.keys(at);
			const key =
				keys.length === 0 || this.below(10) === 0 ? this.pick(['__proto__', '0', 'blocked', 'x']) : this.pick(keys);
			const members = at as Record<string, unknown>;
			// Without hasOwn() the mutation could change the prototype of all objects.
			if (depth > 0 && Object.hasOwn(members, key) && typeof members[key] === 'object') {
				at = members[key];
				continue;
			}
			if (this.below(8) === 0) Reflect.deleteProperty(members, key);
			else
				Object.defineProperty(members, key, {
					value: this.pick(values),
					enumerable: true,
					configurable: true,
					writable: true,
				});
			break;
		}
		try {
			return JSON.stringify(root);
		} catch {
			// The value is nested too deeply for JSON.stringify().
			return this.#inText(line);
		}
	}

	/** Returns the line with some text cut, doubled, exchanged or inserted. */
	#inText(line: string): string {
		const [from, to] = [this.below(line.length + 1), this.below(line.length + 1)].sort((a, b) => a - b) as [
			number,
			number,
		];
		switch (this.below(5)) {
			case 0:
				return line.slice(0, from) + line.slice(Math.min(to, from + 8));
			case 1:
				return line.slice(0, to) + line.slice(from);
			case 2:
				return line.slice(0, from) + this.#original().slice(from);
			case 3:
				return line.slice(0, from) + String.fromCharCode(this.below(0x3000)) + line.slice(from + 1);
			default:
				return line.slice(0, from) + this.pick(pieces) + line.slice(from);
		}
	}
}

/** Fails if a line contains a control character. */
function expectPlain(lines: readonly string[]): void {
	for (const line of lines)
		if (/[\p{C}\p{Zl}\p{Zp}]/u.test(line)) expect.fail(`a control character in ${JSON.stringify(line)}`);
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'fuzz-'))));
afterAll(() => {
	rmSync(folder, { recursive: true });
});

function oneRound(seed: number): number {
	const mutator = new Mutator(seed);
	const lines = Array.from({ length: LINES }, () => mutator.line()).filter((line) => line !== '');
	const source = { file: join(folder, 'records'), named: false };
	writeFileSync(source.file, lines.map((line) => `${line}\n`).join(''));
	const records: RunRecord[] = [];
	const unread = scan([source], (record) => records.push(record));
	expect(records.length + unread.reduce((sum, one) => sum + one.lines, 0)).toBe(lines.length);

	for (const whole of [true, false]) {
		const sum = collect([source], {});
		expectPlain(reportText(sum, { screen: { width: 80, color: false, unicode: true }, now: 0, whole }));
	}
	const sum = collect([source], {});
	expectPlain(statsText(sum, { width: 80, color: false, unicode: false }));
	const json = JSON.stringify(reportJson(sum));
	expectPlain([json]);
	const numbers: number[] = [];
	const parsed: unknown = JSON.parse(json, (_, value: unknown) => {
		if (typeof value === 'number') numbers.push(value);
		return value;
	});
	expect(parsed).toMatchObject({ schema: 1, phases: records.length });
	expect(Math.max(...numbers.map(Math.abs))).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
	const page = reportHtml(sum, new Date(0));
	expectPlain(page.split('\n').map((line) => line.replaceAll('\t', '')));
	expect(page).not.toMatch(/<(script|img)|NaN|Infinity|undefined/);
	for (const record of records) {
		expectPlain(phaseMessages(record).map(render));
		const attempted = new AttemptedDestinations();
		attempted.add(record);
		const entries = attempted.entries().map(({ entry }) => entry);
		if (entries.length > 0)
			for (const addition of additionsFor('app-test/victim', '/p', entries)) checkAddition(addition, '/p');
	}
	return records.length;
}

test(
	`scan() either reads each mutated record or counts it as unreadable, and no report or message about these records contains a control character (${rounds} rounds from seed ${firstSeed})`,
	{ timeout: 3_600_000 },
	() => {
		let read = 0;
		for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
			try {
				read += oneRound(seed);
			} catch (error) {
				throw new Error(`FUZZ_SEED=${seed} FUZZ_ROUNDS=1 repeats this`, { cause: error });
			}
		}
		// Enough mutated lines must still be readable, because other lines do not test the output.
		expect(read).toBeGreaterThan(rounds);
	},
);

test('print() removes all escape sequences except the colors of paint()', () => {
	const written: string[] = [];
	const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
	const screen = { width: 80, color: true, unicode: true };
	const source = { file: join(folder, 'colours'), named: false };
	for (let seed = firstSeed; seed < firstSeed + 50; seed++) {
		const mutator = new Mutator(seed);
		writeFileSync(source.file, Array.from({ length: LINES }, () => `${mutator.line()}\n`).join(''));
		const sum = collect([source], {});
		print(reportText(sum, { screen, now: 0, whole: true }));
		print(statsText(sum, screen));
		// print() also removes control characters from a text that the caller did not clean.
		print([mutator.line(), String(mutator.pick(values))]);
	}
	spy.mockRestore();
	const text = written.join('');
	// eslint-disable-next-line no-control-regex -- the sequences of paint()
	expect(text).toMatch(/\u001b\[1m/);
	// eslint-disable-next-line no-control-regex -- the sequences of paint()
	expectPlain(text.replace(/\u001b\[(0|1|2|31|32|33|36)m/g, '').split(/[\n\t]/));
});
