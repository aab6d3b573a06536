// SPDX-License-Identifier: GPL-2.0-or-later
/** Returns "; did you mean X?" for the candidate X that is most similar to the word, or '' if no candidate is similar. */
export function suggestion(word: string, candidates: readonly string[]): string {
	const [best] = candidates
		.map((candidate) => ({ candidate, distance: distance(word, candidate) }))
		.sort((a, b) => a.distance - b.distance);
	// Suggest nothing if more than a third of the letters differ, because the word is then hardly a typing error.
	if (best === undefined || best.distance > Math.max(1, Math.floor(best.candidate.length / 3))) return '';
	return `; did you mean ${best.candidate}?`;
}

/** Returns the Levenshtein distance of two words. A swap of two adjacent letters counts as one edit. */
function distance(from: string, to: string): number {
	const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
	const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
	for (let row = 1; row <= from.length; row++) {
		rows[row] = [row];
		for (let column = 1; column <= to.length; column++) {
			const same = from[row - 1] === to[column - 1];
			const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
			rows[row]?.push(
				Math.min(
					at(row - 1, column) + 1,
					at(row, column - 1) + 1,
					at(row - 1, column - 1) + (same ? 0 : 1),
					swapped ? at(row - 2, column - 2) + 1 : Infinity,
				),
			);
		}
	}
	return at(from.length, to.length);
}
