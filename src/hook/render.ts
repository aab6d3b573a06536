import allow from '../../hooks/allow.bash' with { type: 'text' };
import ask from '../../hooks/current_settings.py' with { type: 'text' };
import guard from '../../hooks/guard.bash' with { type: 'text' };
import keep from '../../hooks/keep.bash' with { type: 'text' };
import start from '../../hooks/start.bash' with { type: 'text' };
import conflictsTemplate from '../../hooks/conflicts.bash' with { type: 'text' };
import limits from '../../hooks/limits.bash' with { type: 'text' };
import template from '../../hooks/phase.bash' with { type: 'text' };
import { conflicts } from '../conflicts/table.ts';
import { features } from '../rules/features.ts';
import { here, keptNames, marker, paths, run } from '../installation/paths.ts';
import { programs } from '../installation/programs.ts';
import {
	confinements,
	phaseRules,
	pkgPhases,
	srcPhases,
	type Condition,
	type Confinement,
	type Row,
} from '../rules/phases.ts';
import { quote } from '../util/environment.ts';
import { insideBlock, seenNames, prefilterBlock, prefilterWords } from './prefilter.ts';
import { expected, settingNames, settings, type SettingName } from '../rules/settings.ts';

/** What a person can do about a message of ours, whichever it is. */
export const optOutHint =
	'FEATURES="-network-sandbox -ipc-sandbox -cgroup" in its package.env builds it without Portcullis.';

/** Where something that FEATURES asks for can't be had. */
export const doctor = 'portcullis doctor says what to change.';

/**
 * phase.bash for an installation below `eprefix` ('' for a host): hooks/phase.bash, with the tables of src/ in the place
 * of its `#: NAME` lines and `@name@` words. Bash without a forbidden word: clean for shellcheck and shfmt.
 */
export function renderHook(eprefix: string, node = programs(eprefix).node): string {
	const { confine, portcullis, program, logs } = paths(eprefix);
	const { env, rm, python } = programs(eprefix);
	const all = [template, ...Object.values(parts)].join('\n');
	const words: Record<string, string> = {
		src: srcPhases.join('|'),
		wanted: confinements.map(wanted).join(' ||\n\t'),
		pkg: pkgPhases.join('|'),
		features: confinements.map((what) => features[what]).join('|'),
		any: settingNames.map((name) => `\${${name}-}`).join(' || '),
		names: settingNames.join(' '),
		marker: quote(marker),
		here: quote(here),
		confine: quote(confine),
		portcullis: quote(portcullis),
		program: quote(program),
		node: quote(node),
		env: quote(env),
		rm: quote(rm),
		python: quote(python),
		path: quote(['bin', 'sbin'].flatMap((folder) => [`${eprefix}/usr/${folder}`, `${eprefix}/${folder}`]).join(':')),
		run,
		kept: keptNames.join(','),
		known: conflicts.map(({ name }) => name).join('|'),
		seen: seenNames(),
		builtins: builtins.join(' '),
		functions: functionsOf(all).join(' '),
		locals: localsOf(all).join(' '),
		logs: quote(logs),
		ask: quote(ask.trim()),
		out: quote(optOutHint),
		doctor: quote(`${doctor} ${optOutHint}`),
		...prefilterWords,
	};
	const blocks: Record<string, string[]> = {
		banner: [
			'# Confines the src_* phases that FEATURES asks to confine. /etc/portage/bashrc sources it in every phase.',
			'# Written by `portcullis hook`: change hooks/phase.bash and src/ instead.',
		],
		checks: settingNames.map(check),
		decide: [...confinements.flatMap(decideBlock), ...auditBlock()],
		prefilter: prefilterBlock(),
		inside: insideBlock(),
	};
	const expand = (text: string): string =>
		text.replace(/^([\t]*)#: (\w+)$/gm, (_, indent: string, name: string) =>
			known(blocks, name)
				.map((line) => (line === '' ? '' : indent + line))
				.join('\n'),
		);
	for (const [name, text] of Object.entries(parts)) {
		blocks[name] = expand(text.slice(text.indexOf('\n') + 1)).split('\n');
	}
	return expand(template).replace(/@([a-z]+)@/g, (_, name: string) => known(words, name));
}

const parts = { guard, start, keep, conflicts: conflictsTemplate, allow, limits };

/** The builtins that the hook uses, and those that Portage's elog, ewarn and die use. A function of the same name would hide one. */
const builtins =
	': break continue declare echo eval exec exit export kill local mapfile printf pwd read return set shift shopt true typeset unset'.split(
		' ',
	);

/** The functions that stay defined while the hook runs. */
function functionsOf(text: string): string[] {
	const names = [...text.matchAll(/^(__portcullis_\w+)\(\) \{$/gm)].map(([, name = '']) => name);
	return [...new Set(names)].sort();
}

/** The variables that the hook's functions declare, but for those that no build can save. */
function localsOf(text: string): string[] {
	const statements = [...text.matchAll(/^\t+local (?:-[aAxn] )?(.*)$/gm)].map(([, words = '']) => words);
	const names = statements.flatMap((words) =>
		[...words.replace(/'[^']*'|"[^"]*"|\$\{[^}]*\}/g, '').matchAll(/(?:^|\s)([A-Za-z]\w*|_\w+)(?=[=\s]|$)/g)].map(
			([, name = '']) => name,
		),
	);
	return [...new Set(names)].filter((name) => !name.startsWith('_')).sort();
}

function known<Value>(table: Record<string, Value>, name: string): Value {
	const value = table[name];
	if (value === undefined) throw new Error(`hooks/phase.bash names ${name}, which nothing is rendered for`);
	return value;
}

/** A branch of `case $name` that is true for a good $value, and leaves in $good what it could have been. */
function check(name: SettingName): string {
	const setting = settings[name];
	const good = `good=${quote(expected(name))}`;
	// In a process of its own, since BASH_REMATCH can't be made local. Of a list the message names the word that is wrong.
	if ('list' in setting)
		return `${name}) ${good} && bad=$(pattern=${quote(setting.pattern)} && for word in "\${words[@]}"; do [[ $word =~ $pattern ]] || { echo "$word" && break; }; done) && { [[ ! $bad ]] || { value=$bad && false; }; } ;;`;
	return 'choices' in setting
		? `${name}) ${good} && [[ $value == @(${setting.choices.join('|')}) ]] ;;`
		: `${name}) ${good} && (pattern=${quote(setting.pattern)} && [[ $value =~ $pattern ]]) ;;`;
}

/** `if` and `elif` for the rows of one column of the law, in their order. */
function decideBlock(what: Confinement): string[] {
	return [
		`if [[ $features == *' ${features[what]} '* ]]; then`,
		...indent(choose(phaseRules[what], grant(what))),
		'fi',
	];
}

/** Where the network is isolated; with `only`, where it would be if FEATURES said so (audited() in src/rules/decide.ts). */
function auditBlock(): string[] {
	const rows = phaseRules.net.filter(
		({ when }) => !when.some((one) => 'setting' in one && one.setting === 'PORTCULLIS_AUDIT'),
	);
	return [
		'case ${setting[PORTCULLIS_AUDIT]-} in',
		'off) ;;',
		'only)',
		...indent([...choose(rows, ["options+=(--audit) wanted+=', the audit'"]), ';;']),
		`*) [[ " \${options[*]} " != *' --net '* ]] || options+=(--audit) ;;`,
		'esac',
	];
}

/** True where this may be confined, whatever the settings are: a cheap look, before anything is defined. */
function wanted(what: Confinement): string {
	const phases = srcPhases.filter((phase) =>
		phaseRules[what].some(
			(row) => row.confined && row.phases.includes(phase) && !row.when.some((one) => 'setting' in one),
		),
	);
	const named = `" \${PORTAGE_FEATURES-\${FEATURES-}} " == *[[:space:]]${features[what]}[[:space:]]*`;
	return phases.length === srcPhases.length ? named : `$EBUILD_PHASE == ${alternative(phases)} && ${named}`;
}

/** The first row that fits does it: `action`, or nothing. */
function choose(rows: readonly Row[], action: readonly string[]): string[] {
	const branches = rows.flatMap((row, index) => branch(row, index === 0, row.confined ? action : [':']));
	return rows.some(isUnconditional) ? branches : [...branches, 'fi'];
}

function isUnconditional(row: Row): boolean {
	return row.when.length === 0 && row.phases === srcPhases;
}

function branch(row: Row, first: boolean, action: readonly string[]): string[] {
	if (isUnconditional(row)) return first ? [...action] : ['else', ...indent(action), 'fi'];
	const tests = row.when.map(test);
	if (row.phases !== srcPhases) tests.unshift(`$EBUILD_PHASE == ${alternative(row.phases)}`);
	return [`${first ? 'if' : 'elif'} [[ ${tests.join(' && ')} ]]; then`, ...indent(action)];
}

function test(condition: Condition): string {
	if ('fakeroot' in condition) return `$fakeroot == ${condition.fakeroot}`;
	if ('setting' in condition) return `\${setting[${condition.setting}]-} == ${condition.is}`;
	return `$${condition.list} ${condition.present ? '==' : '!='} *' ${condition.word} '*`;
}

function grant(what: Confinement): string[] {
	const name = `wanted+=', ${features[what]}'`;
	if (what === 'net')
		return [
			`options+=(--net) ${name}`,
			'[[ ! ${setting[PORTCULLIS_FAMILIES]-} ]] || options+=(--families "${setting[PORTCULLIS_FAMILIES]// /,}")',
		];
	if (what !== 'cgroup') return [`options+=(--${what}) ${name}`];
	const limits = settingNames.flatMap((setting) => {
		const row = settings[setting];
		return 'limit' in row
			? [`[[ ! \${setting[${setting}]-} ]] || options+=(--limit "${row.limit}=\${setting[${setting}]}")`]
			: [];
	});
	// confine takes a name of at most 200 characters that starts with none of a version's.
	return [`options+=(--cgroup "\${EBUILD_PHASE}_\${package//\\//_}") ${name}`, ...limits];
}

function alternative(phases: readonly string[]): string {
	return phases.length === 1 ? phases.join('') : `@(${phases.join('|')})`;
}

function indent(lines: readonly string[]): string[] {
	return lines.map((line) => `\t${line}`);
}
