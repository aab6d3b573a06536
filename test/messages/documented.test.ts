import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';

const top = join(import.meta.dirname, '../..');
const source = (file: string) => readFileSync(join(top, file), 'utf8');

/** What stands in the headings of docs/troubleshooting.md, `...` for what is filled in. */
const quotes = [...source('docs/troubleshooting.md').matchAll(/^### (.*)$/gm)].flatMap(([, text = '']) =>
	text.split(' · '),
);

/** The messages of others: the C library's, and what a build makes of them. */
const theirs = [
	'Network is unreachable',
	'Temporary failure in name resolution',
	'Could not resolve host',
	'Operation not permitted from fowners or chown',
];

/** Pieces that stand inside of another message, and errors that mean a mistake of ours. */
const pieces = [
	'In make.conf or package.env …',
	'… ends it and keeps the sandbox, and … ends it the other way',
	': raise … in make.conf or package.env',
	"as network-sandbox can't be had here",
	'as PORTCULLIS_AUDIT=only isolates nothing; network-sandbox would block these',
	'leave out the tests that need a network, or let src_test have it with PROPERTIES="test_network"',
	'what a build fetches belongs into SRC_URI',
	'no row of the law speaks of … in …',
	'hooks/phase.bash names …, which nothing is rendered for',
];

/** What the program says: errors, and whatever is said through Portage, which is in these files. */
const saying = /^src\/(messages\/(?!hints)|confine\/destinations|conflicts\/detect|cli\/commands\/destinations)/;

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
		if (text !== undefined && (isError || (saying.test(file) && text.length > 24 && text.includes(' '))))
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

const hooks = ['phase', 'conflicts', 'allow'].flatMap((name) =>
	[...source(`hooks/${name}.bash`).matchAll(/(?:elog|ewarn|eqawarn|die|__portcullis_failed) (["'])(.*)\1/g)]
		.map(([, , text = '']) => text)
		.filter((text) => /[a-z]{3} [a-z]/.test(text)),
);
const launcher = [...source('bin/portcullis').matchAll(/say (["'])(.*)\1/g)].map(([, , text = '']) => text);
const python = [...source('hooks/resolve_package.py').matchAll(/NoPackage\("([^"]*)"/g)].map(([, text = '']) => text);

const messages = [...typescript, ...hooks, ...launcher, ...python];

/** As a quote of it could stand in the page. */
function fits(message: string, quote: string): boolean {
	const parts = quote.split('...').map((part) => part.trim().replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
	return new RegExp(parts.filter(Boolean).join('.*')).test(message);
}

test.each(messages.filter((message) => !pieces.includes(message)))('docs/troubleshooting.md has: %s', (message) => {
	expect(quotes.filter((quote) => fits(message, quote))).not.toEqual([]);
});

test.each(quotes.filter((quote) => !theirs.includes(quote)))('somebody says: %s', (quote) => {
	const all = ['src', 'hooks', 'native'].flatMap((folder) =>
		readdirSync(join(top, folder), { recursive: true, encoding: 'utf8' })
			.filter((file) => /\.(ts|bash|py|c)$/.test(file))
			.map((file) => source(`${folder}/${file}`)),
	);
	const lines = [...all, source('bin/portcullis'), source('scripts/bundle')].join('\n').split('\n');
	expect(lines.some((line) => fits(line, quote))).toBe(true);
});
