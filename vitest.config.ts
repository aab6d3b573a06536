// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

// As esbuild's text loader does in scripts/build: the program carries its templates.
const text = {
	name: 'text',
	enforce: 'pre' as const,
	load(id: string): string | undefined {
		return /\.(bash|py)$/.test(id) ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : undefined;
	},
};

export default defineConfig({
	plugins: [text],
	test: {
		include: ['test/**/*.test.ts'],
		testTimeout: 30_000,
	},
});
