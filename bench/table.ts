// SPDX-License-Identifier: GPL-2.0-or-later
import { quantile, summary, type Summary } from './statistics.ts';

export type Unit = 'ms' | 's' | 'µs';

export interface Row extends Summary {
	readonly name: string;
	/** Median over all rounds of (duration of this row / duration of the reference row in the same round). Such ratios cancel the effect of other load. */
	readonly ratio: number;
}

export interface Table {
	readonly title: string;
	readonly unit: Unit;
	readonly reference: string;
	readonly rows: readonly Row[];
}

const nanoseconds: Record<Unit, number> = { s: 1e9, ms: 1e6, µs: 1e3 };

/** Makes a table. runs: the name of each row and its durations in nanoseconds. The ratios of all rows refer to the row `reference`. */
export function table(
	title: string,
	unit: Unit,
	reference: string,
	runs: readonly (readonly [string, readonly number[]])[],
): Table {
	const base = runs.find(([name]) => name === reference)?.[1] ?? [];
	const rows = runs.map(([name, values]) => ({
		name,
		...summary(values.map((value) => value / nanoseconds[unit])),
		ratio: quantile(
			values.map((value, round) => value / (base[round] ?? Number.NaN)),
			0.5,
		),
	}));
	return { title, unit, reference, rows };
}

/** Formats the table for a terminal. */
export function render({ title, unit, rows }: Table): string {
	const width = Math.max(...rows.map((row) => row.name.length));
	const cell = (value: number): string => value.toFixed(2).padStart(9);
	return [
		`${title} (${String(rows[0]?.runs ?? 0)} runs each, interleaved; ${unit})`,
		`  ${''.padEnd(width)}   median      p10      p90    ratio`,
		...rows.map((row) => `  ${row.name.padEnd(width)}${[row.median, row.p10, row.p90, row.ratio].map(cell).join('')}`),
		'',
	].join('\n');
}
