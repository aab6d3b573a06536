// SPDX-License-Identifier: GPL-2.0-or-later
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { usage } from '../src/cli/command.ts';
import { publicCommands } from '../src/cli/command_table.ts';
import { features } from '../src/rules/features.ts';
import { confinements, phaseRules } from '../src/rules/phases.ts';
import { expected, settingNames, settings } from '../src/rules/settings.ts';

/**
 * Generates the manual pages from the templates docs/man/*.in: `@name@` lines become the program's tables, `@screen NAME@` lines the
 * screens of docs/screens. Writes them into docs/man, or into the directory that is the argument.
 */
const top = join(import.meta.dirname, '..');
const blocks: Readonly<Record<string, () => string[]>> = {
	commands,
	options,
	rules: ruleList,
	settings: settingList,
};

for (const page of ['portcullis.1', 'portcullis.5', 'confine.8']) {
	const template = readFileSync(join(top, 'docs/man', `${page}.in`), 'utf8').replaceAll('@version@', manifest.version);
	const text = template.replace(/^@(?:screen ([\w-]+)|(\w+))@$/gm, (_, name?: string, block?: string) =>
		(name === undefined ? (blocks[block ?? '']?.() ?? []) : screen(name)).join('\n'),
	);
	writeFileSync(join(process.argv[2] ?? join(top, 'docs/man'), page), text);
}

function commands(): string[] {
	return publicCommands().flatMap(([name, command]) => [
		'.TP',
		`.B portcullis ${roff(usage(name, command))}`,
		roff(`${command.summary.replace(/^./, (first) => first.toUpperCase())}.`),
		...command.details.map((text) => roff(text)),
	]);
}

function options(): string[] {
	return publicCommands().flatMap(([name, command]) => {
		const list = Object.entries(command.options);
		return list.length === 0
			? []
			: [
					`.SS ${roff(name)}`,
					...list.flatMap(([option, { value, means }]) => [
						'.TP',
						`.BR \\-\\-${roff(option)}${value === undefined ? '' : ` " \\fI${roff(value)}\\fP"`}`,
						roff(`${means.replace(/^./, (first) => first.toUpperCase())}.`),
					]),
				];
	});
}

function ruleList(): string[] {
	return confinements.flatMap((what) => [
		'.TP',
		`.B ${roff(features[what])}`,
		...phaseRules[what].flatMap(({ phases, confined, rule }, at) => [
			...(at === 0 ? [] : ['.br']),
			roff(`${phases.map((phase) => `src_${phase}`).join(', ')}: ${confined ? 'yes' : 'no'}, ${rule}.`),
		]),
	]);
}

function settingList(): string[] {
	return settingNames.flatMap((name) => [
		'.TP',
		`.B ${roff(name)}`,
		roff(`${settings[name].means.replace(/^./, (first) => first.toUpperCase())}.`),
		roff(
			`A value can be ${expected(name)}${settings[name].default === '' ? '; there is no default' : `; the default is ${settings[name].default}`}.`,
		),
	]);
}

function screen(name: string): string[] {
	const lines = readFileSync(join(top, 'docs/screens', `${name}.txt`), 'utf8')
		.trimEnd()
		.split('\n');
	return ['.nf', '.RS 2', ...lines.map(roff), '.RE', '.fi'];
}

/** Escapes text so that troff prints it unchanged. */
function roff(text: string): string {
	return text
		.replaceAll('\\', '\\e')
		.replaceAll('-', '\\-')
		.replaceAll('`', '\\(ga')
		.replace(/^([.'])/gm, '\\&$1');
}
