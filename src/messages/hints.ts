import type { Program } from '../records/schema.ts';

/** A program that fetches while it builds, and what Gentoo does about it. */
export interface Hint {
	readonly fetcher: string;
	/** Of the process' name, the script that it runs, and its command line, joined with spaces. */
	readonly pattern: RegExp;
	readonly instead: string;
}

/** One of these as a whole word of a command line, with or without a folder. */
function command(names: string): RegExp {
	return new RegExp(`(^|[ /])(${names})( |$)`, 'i');
}

/** The first that fits counts: what wraps another program stands before it. */
export const hints: readonly Hint[] = [
	{
		fetcher: 'electron-builder',
		pattern: /electron-builder|app-builder|electron\/install\.js|@electron\/get/,
		instead:
			"put Electron's zip file and its SHASUMS256 into SRC_URI, and point electron_config_cache and ELECTRON_BUILDER_CACHE at them",
	},
	{
		fetcher: "CMake's FetchContent",
		pattern: /FetchContent|_deps\/\S+-(subbuild|src)|-populate/,
		instead:
			'put the sources into SRC_URI, and configure with -DFETCHCONTENT_FULLY_DISCONNECTED=ON and -DFETCHCONTENT_SOURCE_DIR_NAME=... for each',
	},
	{
		fetcher: 'CMake',
		pattern: command('cmake|ctest'),
		instead: 'put what file(DOWNLOAD) or ExternalProject fetches into SRC_URI, and give the build its path',
	},
	{
		fetcher: 'git submodules',
		pattern: /(^|[ /])git[ -]submodule/,
		instead:
			"put a tarball of each into SRC_URI and move it into place, or let git-r3.eclass fetch them in a live ebuild's src_unpack",
	},
	{
		fetcher: 'Cargo',
		pattern: command('cargo'),
		instead: 'list the crates in CRATES (pycargoebuild writes the list) and inherit cargo.eclass, which builds offline',
	},
	{
		fetcher: 'Go',
		pattern: command('go'),
		instead: 'put a tarball of the vendored modules (`go mod vendor`) into SRC_URI and inherit go-module.eclass',
	},
	{
		fetcher: 'npm',
		pattern: command('npm|npx|yarn|pnpm|corepack|node-gyp'),
		instead:
			"put a tarball of the package manager's offline cache, or of node_modules, into SRC_URI and install with --offline",
	},
	{
		fetcher: 'pip',
		pattern: command('pip[0-9.]*|ensurepip|poetry|hatch|uv|setup\\.py|easy_install|tox|nox'),
		instead:
			'depend on what it would fetch, and build with distutils-r1.eclass, which isolates nothing and fetches nothing',
	},
	{
		fetcher: 'Bundler',
		pattern: command('bundle|bundler|gem'),
		instead: 'depend on the gems, and inherit ruby-fakegem.eclass',
	},
	{
		fetcher: 'Maven or Gradle',
		pattern: command('mvn|mvnw|gradle|gradlew'),
		instead: 'put the artifacts into SRC_URI and run with --offline on a repository in the work directory',
	},
	{
		fetcher: 'git',
		pattern: command('git|git-remote-[a-z]+'),
		instead: "put a tarball into SRC_URI, or let git-r3.eclass fetch in a live ebuild's src_unpack",
	},
	{
		fetcher: 'curl or wget',
		pattern: command('curl|wget|aria2c'),
		instead: 'put the file into SRC_URI',
	},
];

/** What to do about these, each once, in the order of the table. What started a program is asked before the program itself. */
export function hintsFor(programs: readonly Program[]): Hint[] {
	const fitting = programs.map(remedyFor);
	return hints.filter((one) => fitting.includes(one));
}

function remedyFor({ comm, script, argv, parents }: Program): Hint | undefined {
	const lines = [comm, [script ?? '', ...argv].join(' ').trim(), ...parents].map(withoutFolder);
	return hints.find(({ pattern }) => lines.some((line) => pattern.test(line)));
}

/** The command's own path says nothing, and hides its name. */
function withoutFolder(line: string): string {
	return line.replace(/^\S*\//, '');
}
