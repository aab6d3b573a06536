// SPDX-License-Identifier: GPL-2.0-or-later
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
	globalIgnores(['dist', '.portage', 'native/build']),
	js.configs.recommended,
	{
		files: ['**/*.ts'],
		extends: [tseslint.configs.strictTypeChecked],
		languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
	},
	{
		files: ['**/*.ts', '**/*.js'],
		rules: {
			eqeqeq: 'error',
			'max-lines': ['error', 500],
			'no-console': 'error',
		},
	},
	{
		files: ['src/**/*.ts'],
		ignores: ['src/util/output.ts'],
		rules: {
			'no-restricted-syntax': [
				'error',
				{
					selector:
						'CallExpression[callee.property.name="write"]:matches([callee.object.name=/^std/], [callee.object.property.name=/^std/])',
					message: 'Print with src/util/output.ts, which removes control characters.',
				},
			],
		},
	},
	{
		files: ['src/**/*.ts'],
		ignores: ['src/cli/**'],
		rules: {
			'no-restricted-imports': [
				'error',
				{ patterns: [{ regex: '/cli/', message: 'src/cli imports the other folders, not the other way round.' }] },
			],
		},
	},
	{
		files: ['**/*.ts'],
		rules: {
			'@typescript-eslint/no-non-null-assertion': 'error',
			'@typescript-eslint/consistent-type-imports': 'error',
			// A number in a template is what String() makes of it.
			'@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
		},
	},
);
