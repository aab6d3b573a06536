// SPDX-License-Identifier: GPL-2.0-or-later
/** Returns the quantile of the values for a share from 0 to 1, with linear interpolation. Throws if there are no values. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	const position = (sorted.length - 1) * share;
	const below = sorted[Math.floor(position)];
	const above = sorted[Math.ceil(position)];
	if (below === undefined || above === undefined) {
		throw new Error('no values to take a quantile of');
	}
	return below + (above - below) * (position - Math.floor(position));
}

export interface Summary {
	readonly runs: number;
	readonly median: number;
	readonly p10: number;
	readonly p90: number;
}

export function summary(values: readonly number[]): Summary {
	return {
		runs: values.length,
		median: quantile(values, 0.5),
		p10: quantile(values, 0.1),
		p90: quantile(values, 0.9),
	};
}

/** Parses "NUMBER NANOSECONDS" lines. Element N of the result contains the values of number N, in their order in the text. */
export function parseRuns(text: string): number[][] {
	const runs: number[][] = [];
	for (const line of text.split('\n')) {
		const [, number, value] = /^(\d+) (\d+)$/.exec(line) ?? [];
		if (number !== undefined && value !== undefined) {
			(runs[Number(number)] ??= []).push(Number(value));
		}
	}
	return runs;
}
