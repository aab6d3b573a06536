// SPDX-License-Identifier: GPL-2.0-or-later
import type { Input } from '../command.ts';
import { examine } from '../../doctor/examine.ts';
import type { Finding, State } from '../../doctor/finding.ts';
import { probeSystem } from '../../doctor/system_info.ts';
import { fit, wrap } from '../../util/layout.ts';
import { print, type Style } from '../../util/output.ts';
import { paint, screenOf, type Screen } from '../../util/terminal.ts';
import { prefixOf } from '../prefix.ts';

export async function run({ values, flags }: Input): Promise<number> {
	const findings = await examine(await probeSystem(prefixOf(values)));
	const text = flags.has('json')
		? [JSON.stringify(findings)]
		: doctorText(findings, screenOf(process.stdout), flags.has('verbose'));
	print(text);
	return findings.some(({ state }) => state === 'error') ? 1 : 0;
}

const marks: Readonly<Record<State, readonly [sign: string, word: string, style: Style]>> = {
	ok: ['✓', 'ok      ', 'green'],
	error: ['✗', 'ERROR   ', 'red'],
	warning: ['!', 'warning ', 'yellow'],
	inactive: ['·', 'inactive', 'dim'],
};

/** The IDs of the two findings that mean, if their state is "warning", that Portcullis confines nothing. */
const nothingConfined = ['features', 'PORTCULLIS_AUDIT'];

/** Returns a line for each "ok" and a paragraph for each other finding. `verbose` adds inactive findings and observed values. */
function doctorText(findings: readonly Finding[], screen: Screen, verbose: boolean): string[] {
	const shown = findings.filter(({ state }) => verbose || state !== 'inactive');
	const column = Math.min(20, Math.max(...shown.map(({ title }) => title.length)));
	const text = shown.flatMap((finding, index) => {
		const isRepeated = finding.fix !== '' && shown.slice(0, index).some(({ fix }) => fix === finding.fix);
		return findingLines(isRepeated ? { ...finding, fix: 'see above.' } : finding, screen, column, verbose);
	});
	return [...text, '', summary(findings, screen)];
}

function findingLines(
	{ state, title, meaning, fix, observed }: Finding,
	screen: Screen,
	column: number,
	verbose: boolean,
): string[] {
	const [sign, word, style] = marks[state];
	const mark = screen.unicode ? sign : word;
	const indent = mark.length + 2 + column;
	const width = screen.width - indent - 1;
	const text = [
		...(state === 'ok' && !verbose ? [fit(meaning, width)] : wrap(meaning, width)),
		...(fix === '' ? [] : wrap(`Fix: ${fix}`, width)),
		...(verbose ? observed.flatMap((one) => wrap(one, width).map((line) => paint(screen, 'dim', line))) : []),
	];
	const head = `${paint(screen, style, mark)} ${paint(screen, 'bold', title.padEnd(column))} `;
	// Print a title that is wider than its column on a line of its own.
	if (title.length > column) return [head.trimEnd(), ...text.map((line) => ' '.repeat(indent) + line)];
	return text.map((line, index) => (index === 0 ? head : ' '.repeat(indent)) + line);
}

function summary(findings: readonly Finding[], screen: Screen): string {
	const errors = findings.filter(({ state }) => state === 'error').length;
	if (errors === 0 && findings.some(({ id, state }) => state === 'warning' && nothingConfined.includes(id)))
		return paint(screen, 'yellow', 'Portcullis confines nothing here.');
	if (errors === 0) return paint(screen, 'green', 'Everything that FEATURES requests works.');
	return paint(screen, 'red', `${errors} of ${findings.length} checks failed.`);
}
