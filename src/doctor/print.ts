import type { Style } from '../util/output.ts';
import { fit, paint, wrap, type Screen } from '../util/terminal.ts';
import type { Finding, State } from './finding.ts';

const marks: Readonly<Record<State, readonly [sign: string, word: string, style: Style]>> = {
	ok: ['✓', 'ok  ', 'green'],
	error: ['✗', 'ERROR  ', 'red'],
	warning: ['!', 'warning', 'yellow'],
	inactive: ['·', 'inactive', 'dim'],
};

/** One screen: what is sound takes a line. `verbose` shows what was looked at, too. */
export function doctorText(findings: readonly Finding[], screen: Screen, verbose: boolean): string[] {
	const shown = findings.filter(({ state }) => verbose || state !== 'inactive');
	const column = Math.max(...shown.map(({ title }) => title.length));
	const text = shown.map((one, at) => {
		// What one cause has put out of order, one change puts right.
		const again = one.fix !== '' && shown.slice(0, at).some(({ fix }) => fix === one.fix);
		return lines(again ? { ...one, fix: 'the same.' } : one, screen, column, verbose);
	});
	return [...text.flat(), '', summary(findings, screen)];
}

function lines(
	{ state, title, means, fix, seen }: Finding,
	screen: Screen,
	column: number,
	verbose: boolean,
): string[] {
	const [sign, word, style] = marks[state];
	const mark = screen.unicode ? sign : word;
	const indent = mark.length + 2 + Math.min(column, 20);
	const room = screen.width - indent - 1;
	const text = [
		...(state === 'ok' && !verbose ? [fit(means, room)] : wrap(means, room)),
		...(fix === '' ? [] : wrap(`Way out: ${fix}`, room)),
		...(verbose ? seen.flatMap((one) => wrap(one, room).map((line) => paint(screen, 'dim', line))) : []),
	];
	const head = `${paint(screen, style, mark)} ${paint(screen, 'bold', title.padEnd(Math.min(column, 20)))} `;
	// A title that is too long for its column stands alone.
	if (title.length > 20) return [head.trimEnd(), ...text.map((line) => ' '.repeat(indent) + line)];
	return text.map((line, at) => (at === 0 ? head : ' '.repeat(indent)) + line);
}

function summary(findings: readonly Finding[], screen: Screen): string {
	const bad = findings.filter(({ state }) => state === 'error').length;
	if (bad === 0) return paint(screen, 'green', 'All that FEATURES asks for works here.');
	return paint(screen, 'red', `${bad} of ${findings.length} ${bad === 1 ? 'does' : 'do'} not work as asked.`);
}
