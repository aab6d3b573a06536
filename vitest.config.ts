// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// Imports bash, fish, Python and zsh files as strings, as the text loader of esbuild does in scripts/bundle.
const text = {
	name: 'text',
	enforce: 'pre' as const,
	load(id: string): string | undefined {
		return /\.(bash|fish|py|zsh)$/.test(id) ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : undefined;
	},
};

const mocking = ['test/confine/destinations.test.ts'];

export default defineConfig({
	plugins: [text],
	test: {
		testTimeout: 30_000,
		// Loading all modules again for each file takes a third of the CPU time. Only a test that replaces a module needs this.
		projects: [
			{ extends: true, test: { name: 'isolated', include: mocking } },
			{ extends: true, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: mocking, isolate: false } },
		],
	},
});
