// SPDX-License-Identifier: GPL-2.0-or-later
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

type Graph = ReadonlyMap<string, readonly string[]>;

/** Returns for each file the files that it imports, including types and import(). */
function graphOf(files: readonly string[]): Graph {
	return new Map(
		files.map((file) => [
			file,
			ts
				.preProcessFile(readFileSync(file, 'utf8'), true, true)
				.importedFiles.map(({ fileName }) => join(dirname(file), fileName))
				.filter((imported) => files.includes(imported)),
		]),
	);
}

/** Returns the first import cycle that is reachable from a file, or an empty list. */
function cycleFrom(graph: Graph, file: string, path: readonly string[] = [], done = new Set<string>()): string[] {
	if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
	if (done.has(file)) return [];
	for (const next of graph.get(file) ?? []) {
		const cycle = cycleFrom(graph, next, [...path, file], done);
		if (cycle.length > 0) return cycle;
	}
	done.add(file);
	return [];
}

test('cycleFrom() finds an import cycle in the second import of a file if the first import has no cycle', () => {
	const graph = new Map([
		['a', ['leaf', 'b']],
		['b', ['c']],
		['c', ['leaf', 'b']],
		['leaf', []],
	]);
	expect(cycleFrom(graph, 'a')).toEqual(['b', 'c', 'b']);
	expect(cycleFrom(graph, 'leaf')).toEqual([]);
});

test('src/ has no import cycle', () => {
	const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => `src/${file}`);
	const graph = graphOf(files.filter((file) => file.endsWith('.ts')));
	// The graph contains the subcommands of portcullis, which command_table.ts loads with import().
	expect(graph.get('src/cli/command_table.ts')).toContain('src/cli/commands/run.ts');
	expect(graph.get('src/cli/help.ts')).toContain('src/cli/command.ts');
	expect([...graph.keys()].map((file) => cycleFrom(graph, file)).filter((cycle) => cycle.length > 0)).toEqual([]);
});
