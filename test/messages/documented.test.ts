// SPDX-License-Identifier: GPL-2.0-or-later
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const top = join(import.meta.dirname, '../..');
const source = (file: string) => readFileSync(join(top, file), 'utf8');

/** The messages in the headings of docs/troubleshooting.md. `...` stands for variable text. */
const quotes = [...source('docs/troubleshooting.md').matchAll(/^### (.*)$/gm)].flatMap(([, text = '']) =>
	text.split(' · '),
);

/** Messages in docs/troubleshooting.md that the C library or a program of a build prints, and not Portcullis. */
const foreign = [
	'Network is unreachable',
	'Temporary failure in name resolution',
	'Could not resolve host',
	'Operation not permitted from fowners or chown',
];

/** Strings that docs/troubleshooting.md does not document: parts of other messages, and errors that only a bug causes. */
const parts = [
	'skip the tests that need a network, or set PROPERTIES="test_network"',
	'add the downloads to SRC_URI, or set RESTRICT="network-sandbox"',
	'…. To find the cause, run: …',
	'the limit of the whole build',
	'could not start more processes',
	'. Raise … in make.conf or /etc/portage/env',
	'no rule of … matches …',
	'hooks/ contains the placeholder …, for which src/hook/render.ts has no text',
	'because …. To find the cause, run: …',
	'…. Correct it in make.conf or /etc/portage/env.',
	'Portcullis: …: …. Correct it in make.conf or /etc/portage/env.',
];

/** Files in which every string is a message that Portage prints. In other files only the arguments of Error are messages. */
const messageFiles =
	/^src\/(messages\/(?!hints|host_services)|confine\/destinations|conflicts\/detect|cli\/commands\/hook_queries)/;

function literal(node: ts.Node): string | undefined {
	if (ts.isStringLiteralLike(node)) return node.text;
	if (!ts.isTemplateExpression(node)) return undefined;
	return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}

function messagesOf(file: string): string[] {
	const found: string[] = [];
	const visit = (node: ts.Node): void => {
		if (ts.isNewExpression(node) && node.expression.getText() === 'UsageError') return;
		const text = literal(node);
		const isError = ts.isNewExpression(node.parent) && node.parent.expression.getText() === 'Error';
		if (text !== undefined && (isError || (messageFiles.test(file) && text.length > 24 && text.includes(' '))))
			found.push(text);
		ts.forEachChild(node, visit);
	};
	const parsed = ts.createSourceFile(file, source(file), ts.ScriptTarget.Latest, true);
	ts.forEachChild(parsed, visit);
	return found;
}

const typescript = readdirSync(join(top, 'src'), { recursive: true, encoding: 'utf8' })
	.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
	.flatMap((file) => messagesOf(`src/${file}`));

const hooks = ['phase', 'check', 'storage'].flatMap((name) =>
	[...source(`hooks/${name}.bash`).matchAll(/(?:elog|ewarn|eqawarn|die|__portcullis_unavailable) (["'])(.*)\1/g)]
		.map(([, , text = '']) => text.replaceAll('\\"', '"'))
		.filter((text) => /[a-z]{3} [a-z]/.test(text)),
);
const guard = ['guard', 'phase'].flatMap((name) =>
	[...source(`hooks/${name}.bash`).matchAll(/:\?(Portcullis: .*)\} \]\]/g)].map(([, text = '']) => text),
);
const launcher = [...source('bin/portcullis').matchAll(/fail (["'])(.*)\1/g)].map(([, , text = '']) => text);
const python = [...source('hooks/resolve_package.py').matchAll(/NoPackage\("([^"]*)"/g)].map(([, text = '']) => text);

const messages = [...typescript, ...hooks, ...guard, ...launcher, ...python];

/** Whether the message contains the quote. `...` in the quote matches any text. */
function matches(message: string, quote: string): boolean {
	const words = quote.split('...').map((part) => part.trim().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
	return new RegExp(words.filter(Boolean).join('.*')).test(message);
}

test.each(messages.filter((message) => !parts.includes(message)))(
	'docs/troubleshooting.md documents the message: %s',
	(message) => {
		expect(quotes.filter((quote) => matches(message, quote))).not.toEqual([]);
	},
);

test.each(quotes.filter((quote) => !foreign.includes(quote)))(
	'a message in docs/troubleshooting.md exists in the source code: %s',
	(quote) => {
		const all = ['src', 'hooks', 'native'].flatMap((folder) =>
			readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
				.filter((file) => /\.(ts|bash|py|c)$/.test(file))
				.map((file) => source(`${folder}/${file}`)),
		);
		const lines = [...all, source('bin/portcullis'), source('scripts/bundle')].join('\n').split('\n');
		expect(lines.some((line) => matches(line, quote))).toBe(true);
	},
);
