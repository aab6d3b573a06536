// SPDX-License-Identifier: GPL-2.0-or-later
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchCommands, benchMemory, benchSupervisor, output } from './commands.ts';
import { parseRuns } from './statistics.ts';
import { render, table, type Table, type Unit } from './table.ts';

const empty = 'an empty file';
const hookCases = [empty, 'a pkg_* phase', 'a src_* phase with the features off'];

/** Measures the time to source the hook in an unconfined phase, compared with an empty file. */
function benchHook(batches: number): Table {
	const folder = mkdtempSync(join(tmpdir(), 'pc-bench-'));
	try {
		const hook = join(folder, 'phase.bash');
		writeFileSync(hook, output(['node', 'dist/portcullis.js', 'hook']));
		const runs = parseRuns(output(['bash', 'bench/hook_source.bash', hook, String(batches)]));
		return table(
			'Sourcing the hook where it has nothing to do',
			'µs',
			empty,
			hookCases.map((name, number) => [name, runs[number] ?? []]),
		);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/**
 * Runs a script of bench/ that measures several kinds of commands and prints the results in the format of rounds.bash. The ratios in the
 * table refer to the first kind.
 */
function benchKinds(title: string, unit: Unit, script: readonly string[], rounds: number): Table {
	const text = output(['bash', ...script, String(rounds)]);
	const names = [...text.matchAll(/^kind \d+ (.*)$/gm)].map(([, name]) => name ?? '');
	const runs = parseRuns(text);
	const [first = ''] = names;
	return table(
		title,
		unit,
		first,
		names.map((name, number) => [name, runs[number] ?? []]),
	);
}

function print(text: string): void {
	process.stdout.write(`${text}\n`);
}

async function main(args: readonly string[]): Promise<void> {
	const number = (value: string) => ({ type: 'string', default: value }) as const;
	const options = { runs: number('300'), emerges: number('10') };
	const { values, positionals } = parseArgs({ args: [...args], options, strict: false });
	const runs = Number(values['runs']);
	const emerges = Number(values['emerges']);
	const bin = process.env['BENCH_BIN'];
	const isUnknown = Object.keys(values).some((name) => !Object.hasOwn(options, name));
	if (bin === undefined || !(runs >= 200) || !(emerges >= 0) || isUnknown || positionals.length > 0) {
		process.stderr.write('usage: npm run bench -- [--runs N, at least 200] [--emerges N]\n');
		process.exit(2);
	}

	const start = new Date();
	const machine = { kernel: release(), cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, load: loadavg() };
	print(
		`Linux ${machine.kernel}, ${String(machine.cpus)} x ${machine.cpu}, load ${machine.load.map((load) => load.toFixed(1)).join(' ')}\n`,
	);
	const tables: Table[] = [];
	const add = (...more: readonly Table[]): void => {
		tables.push(...more);
		more.forEach((one) => {
			print(render(one));
		});
	};
	add(...benchCommands(bin, runs));
	const memory = { peak: benchMemory(bin), supervisor: await benchSupervisor(bin) };
	print(`confine's peak memory (VmHWM) when it calls exec: ${String(memory.peak)} kB`);
	print(`Its supervisor's own (Pss) while a command runs: ${String(memory.supervisor)} kB\n`);
	const connect = (title: string, unit: Unit, kind: string): Table =>
		benchKinds(title, unit, ['bench/connect.bash', kind], Math.ceil(runs / 15));
	add(
		connect('A connect to an address without a route', 'µs', 'blocked'),
		connect('10,000 such connects from 64 processes', 'ms', 'parallel'),
		connect('A connect to an own port on loopback, without a network namespace', 'µs', 'filter'),
		connect('A watched connect to a UNIX socket with a path', 'µs', 'socket'),
		benchKinds(
			'1,000 orphans, from the end of their command to the end of the last',
			'ms',
			['bench/orphans.bash'],
			Math.ceil(runs / 15),
		),
		benchHook(runs),
		benchKinds('What a person waits for', 'ms', ['bench/program.bash'], Math.ceil(runs / 15)),
	);
	if (emerges > 0) {
		add(benchKinds('A whole emerge, eight phases that do next to nothing', 's', ['bench/emerge.bash'], emerges));
	}

	const file = `bench/results/${start.toISOString().replaceAll(':', '')}.json`;
	mkdirSync('bench/results', { recursive: true });
	writeFileSync(
		file,
		`${JSON.stringify({ schema: 2, time: start.toISOString(), machine, memory, tables }, null, '\t')}\n`,
	);
	print(`written to ${file}`);
}

await main(process.argv.slice(2));
