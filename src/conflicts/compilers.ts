import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { words } from '../util/environment.ts';
import { candidates, feature, isTool, value, type BuildContext, type Evidence } from './build_context.ts';

/** The variables that name a compiler, or what is put in front of one. */
export const compilerVariables = [
	...['CC', 'CXX', 'CPP', 'FC', 'F77', 'OBJC', 'OBJCXX', 'HOSTCC', 'HOSTCXX', 'BUILD_CC', 'BUILD_CXX'],
	...[
		'CCACHE_PREFIX',
		'CCACHE_PREFIX_CPP',
		'RUSTC_WRAPPER',
		'CMAKE_C_COMPILER_LAUNCHER',
		'CMAKE_CXX_COMPILER_LAUNCHER',
	],
];

/** How a tool that stands before the compiler got into the build: by FEATURES, a variable, a wrapper, or PATH. */
export function callers(context: BuildContext, word: string, tool: string): Evidence[] {
	const named = [...feature(context, word), ...compilerVariables.flatMap((name) => wrapped(context, name, tool))];
	return [...named, ...masquerade(context, tool)];
}

/** A variable such as CC, whose words are the tool or call it. */
function wrapped(context: BuildContext, name: string, tool: string): Evidence[] {
	const all = words(value(context, name));
	const commands = all.filter((word) => !word.startsWith('-') && !word.includes('='));
	const guilty = commands.find((command) => {
		const [file] = candidates(context, command);
		return file === undefined ? basename(command) === tool : isTool(file, tool);
	});
	if (guilty === undefined) return [];
	// `CC=gcc` finds its compiler in PATH: that is what masquerade() is about.
	const [file = guilty] = candidates(context, guilty);
	if (compilers.has(guilty)) return [];
	const by =
		basename(file) === tool ? '' : ` (${file} ${basename(realpathSync(file)) === tool ? 'is' : 'calls'} ${tool})`;
	const rest = all.filter((word) => word !== guilty).join(' ');
	return [{ what: `${name}="${all.join(' ')}"${by}`, cure: `${name}="${rest || plain[name] || ''}"` }];
}

const plain: Readonly<Record<string, string>> = {
	CC: 'gcc',
	CXX: 'g++',
	CPP: 'gcc -E',
	FC: 'gfortran',
	F77: 'gfortran',
	HOSTCC: 'gcc',
	HOSTCXX: 'g++',
	BUILD_CC: 'gcc',
	BUILD_CXX: 'g++',
};

const compilers: ReadonlySet<string> = new Set(['gcc', 'g++', 'cc', 'c++', 'clang', 'clang++']);

/**
 * A folder ahead in PATH whose compilers are the tool by another name. ccache, where it comes first, calls the next one:
 * look past it.
 */
function masquerade(context: BuildContext, tool: string): Evidence[] {
	const chost = value(context, 'CHOST');
	const names = [...compilers, ...(chost === '' ? [] : [`${chost}-gcc`, `${chost}-g++`])];
	for (const name of names) {
		const first = candidates(context, name).find((file) => tool === 'ccache' || !isTool(file, 'ccache'));
		if (first !== undefined && isTool(first, tool)) {
			return [{ what: `PATH finds ${tool} as ${name} in ${dirname(first)}` }];
		}
	}
	return [];
}
