// SPDX-License-Identifier: GPL-2.0-or-later
import { conflicts } from '../conflicts/table.ts';
import { evidenceVariables } from '../conflicts/detect.ts';
import { compilerVariables } from '../conflicts/evidence.ts';
import { features } from '../rules/features.ts';
import { quote } from '../util/environment.ts';

/** Values for `@name@` words of the hook. compilers: variables that name a compiler or launcher. plain: a pattern for programs that send no work to other hosts: compilers, ccache, env. */
export const prefilterWords = {
	compilers: compilerVariables.join(' '),
	plain: '?(*-)@(gcc|g++|cc|c++|cpp|clang|clang++|clang-cpp|gfortran|flang|rustc|ccache|env)?(-+([0-9.]))',
};

/** Returns bash words: the names of the variables that can show a conflict. NAME* becomes an expansion to all names with this prefix. */
export function variableNames(): string {
	const names = new Set([...evidenceVariables, ...commonVariables]);
	return [...names].map((name) => (name.endsWith('*') ? `"\${!${name.slice(0, -1)}@}"` : name)).join(' ');
}

/** Variables that evidence.ts reads and that explain and doctor take from their own environment. */
const commonVariables = ['PATH', 'HOME', 'EPREFIX', 'XDG_CONFIG_HOME', 'DISPLAY', 'SSH_AUTH_SOCK', 'GPG_AGENT_INFO'];

/** Returns bash code that starts no process. For each row of the table, it appends the name of the row to `suspects` if the conflict is possible. */
export function prefilterBlock(): string[] {
	return conflicts.flatMap(({ name, with: confinements, prefilters }) => {
		const sandboxes = confinements.map((confinement) => features[confinement]).join('|');
		const enabled = `[[ $features == *' '@(${sandboxes})' '* ]]`;
		return [`if ${enabled} && { ${prefilters.join(' || ')}; }; then`, `\tsuspects+=' ${name}'`, 'fi'];
	});
}

/** Returns bash code for confined phases. The code sets the variables that avoid the effects of the conflicts in $___portcullis_conflicts. */
export function insideBlock(): string[] {
	return conflicts.flatMap(({ name, inside = {} }) => {
		const variables = Object.entries(inside);
		const without = variables.flatMap(([variable, value]) => (value === null ? [variable] : []));
		const set = variables.flatMap(([variable, value]) => (value === null ? [] : `${variable}=${quote(value)}`));
		const statements = [
			...(without.length > 0 ? [`___portcullis_without ${without.join(' ')}`] : []),
			...(set.length > 0 ? [`local -x ${set.join(' ')}`] : []),
		];
		if (statements.length === 0) return [];
		return [`if [[ $___portcullis_conflicts == *'+${name}'* ]]; then`, ...statements.map((line) => `\t${line}`), 'fi'];
	});
}
