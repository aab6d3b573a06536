import { conflicts, type Prefilter } from '../conflicts/table.ts';
import { evidenceVariables } from '../conflicts/detect.ts';
import { compilerVariables } from '../conflicts/evidence.ts';
import { features } from '../rules/features.ts';
import { quote } from '../util/environment.ts';

/** Words for the hook's template: the variables that name a compiler, and what a plain one is called. */
export const prefilterWords = {
	compilers: compilerVariables.join(' '),
	plain: '?(*-)@(gcc|g++|cc|c++|cpp|clang|clang++|clang-cpp|gfortran|flang|rustc|ccache|env)?(-+([0-9.]))',
};

/** The names of the variables that the evidence is looked for in, in bash; NAME* stands for all that begin so. */
export function seenNames(): string {
	const names = new Set([...evidenceVariables, ...compilerVariables, ...seen]);
	return [...names].map((name) => (name.endsWith('*') ? `"\${!${name.slice(0, -1)}@}"` : name)).join(' ');
}

/** Those that no row of the table names. */
const seen = ['PATH', 'HOME', 'EPREFIX', 'CHOST', 'XDG_CONFIG_HOME', 'DISPLAY', 'SSH_AUTH_SOCK', 'GPG_AGENT_INFO'];

/** Bash that adds to `smell` the names of what could collide, one statement a row of the table. It starts no process. */
export function prefilterBlock(): string[] {
	return conflicts.flatMap(({ name, with: what, prefilters }) => {
		const sandbox = what.map((one) => features[one]);
		const asked = sandbox.length === 1 ? `*' ${sandbox.join('')} '*` : `*' '@(${sandbox.join('|')})' '*`;
		const simple = prefilters.flatMap(test);
		const files = prefilters.flatMap(look);
		const first = `[[ $features == ${asked}${files.length === 0 ? ` && (${simple.join(' || ')})` : ''} ]]`;
		const more = [...(simple.length > 0 ? [`[[ ${simple.join(' || ')} ]]`] : []), ...files].join(' || ');
		return [`if ${first}${files.length === 0 ? '' : ` && { ${more}; }`}; then`, `\tsuspects+=' ${name}'`, 'fi'];
	});
}

function test(prefilter: Prefilter): string[] {
	if ('word' in prefilter) return [`$features == *' ${prefilter.word} '*`];
	if ('set' in prefilter) return prefilter.set.map((name) => `\${${name}-}`);
	if ('compiler' in prefilter) return ['$compiler'];
	return 'holds' in prefilter ? [prefilter.holds] : [];
}

function look(prefilter: Prefilter): string[] {
	if (!('files' in prefilter)) return [];
	return [
		`__portcullis_contains ${ansi(prefilter.text)} ${prefilter.files.map((file) => (file.includes('$') ? `"${file}"` : quote(file))).join(' ')}`,
	];
}

function ansi(text: string): string {
	return /[\n\t]/.test(text) ? `$'${text.replaceAll('\n', '\\n').replaceAll('\t', '\\t')}'` : quote(text);
}

/** Bash, in a function around a phase's, that sets what this phase gets: for each collision that the word ___portcullis_here names. */
export function insideBlock(): string[] {
	return conflicts.flatMap(({ name, inside }) => {
		const variables = Object.entries(inside);
		const without = variables.flatMap(([variable, value]) => (value === null ? [variable] : []));
		const set = variables.flatMap(([variable, value]) => (value === null ? [] : `${variable}=${quote(value)}`));
		const statements = [
			...(without.length > 0 ? [`___portcullis_without ${without.join(' ')}`] : []),
			...(set.length > 0 ? [`local -x ${set.join(' ')}`] : []),
		];
		if (statements.length === 0) return [];
		return [`if [[ $___portcullis_here == *'+${name}'* ]]; then`, ...statements.map((line) => `\t${line}`), 'fi'];
	});
}
