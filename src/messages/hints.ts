// SPDX-License-Identifier: GPL-2.0-or-later
import type { Program } from '../records/schema.ts';

/** Advice for the ebuild about a build tool that downloads files: how to replace these downloads. */
export interface Hint {
	readonly fetcher: string;
	/** Matches the tool in at least one of these texts: the process name; the script followed by the command line; the command line of each parent process. */
	readonly pattern: RegExp;
	readonly advice: string;
}

/** Returns a pattern that matches one of these programs in a command line, with or without a directory. */
function command(names: string): RegExp {
	return new RegExp(`(^|[ /])(${names})( |$)`, 'i');
}

/** The hints for known build tools. Only the first match counts, so a wrapper precedes the program that it calls. */
export const hints: readonly Hint[] = [
	{
		fetcher: 'electron-builder',
		pattern: /electron-builder|app-builder|electron\/install\.js|@electron\/get/,
		advice:
			"add Electron's zip file and its checksum file SHASUMS256.txt to SRC_URI, and set the variables electron_config_cache and ELECTRON_BUILDER_CACHE to the directory that contains them",
	},
	{
		fetcher: "CMake's FetchContent",
		pattern: /FetchContent|_deps\/\S+-(subbuild|src)|-populate/,
		advice:
			'add the sources to SRC_URI, and pass to CMake -DFETCHCONTENT_FULLY_DISCONNECTED=ON and, for each dependency, -DFETCHCONTENT_SOURCE_DIR_<NAME>=<DIRECTORY> (NAME in capitals)',
	},
	{
		fetcher: 'CMake',
		pattern: command('cmake|ctest'),
		advice:
			'add to SRC_URI the files that file(DOWNLOAD) and ExternalProject download, and patch CMakeLists.txt to use the local files',
	},
	{
		fetcher: 'git submodules',
		pattern: /(^|[ /])git[ -]submodule/,
		advice:
			'add a tarball of each submodule to SRC_URI, and move its content to the directory of the submodule; in a live ebuild, let git-r3.eclass fetch the submodules in src_unpack',
	},
	{
		fetcher: 'Cargo',
		pattern: command('cargo'),
		advice: 'list the crates in CRATES (pycargoebuild prints the list) and inherit cargo.eclass, which builds offline',
	},
	{
		fetcher: 'Go',
		pattern: command('go'),
		advice: 'add a tarball of the vendored modules (`go mod vendor`) to SRC_URI and inherit go-module.eclass',
	},
	{
		fetcher: 'npm',
		pattern: command('npm|npx|yarn|pnpm|corepack|node-gyp'),
		advice:
			"add a tarball of the package manager's offline cache, or of node_modules, to SRC_URI and install with --offline",
	},
	{
		fetcher: 'pip',
		pattern: command('pip[0-9.]*|ensurepip|poetry|hatch|uv|setup\\.py|easy_install|tox|nox'),
		advice:
			'list the Python packages as dependencies of the ebuild, and inherit distutils-r1.eclass, which builds with the installed packages and downloads nothing',
	},
	{
		fetcher: 'Bundler',
		pattern: command('bundle|bundler|gem'),
		advice:
			'list the gems as dependencies of the ebuild (ruby_add_bdepend and ruby_add_rdepend), and inherit ruby-fakegem.eclass',
	},
	{
		fetcher: 'Maven or Gradle',
		pattern: command('mvn|mvnw|gradle|gradlew'),
		advice:
			'add the artifacts to SRC_URI, copy them to a local repository in the work directory, and run the tool with --offline',
	},
	{
		fetcher: 'git',
		pattern: command('git|git-remote-[a-z]+'),
		advice:
			'add a tarball of the repository to SRC_URI; in a live ebuild, let git-r3.eclass fetch the repository in src_unpack',
	},
	{ fetcher: 'curl or wget', pattern: command('curl|wget|aria2c'), advice: 'add the file to SRC_URI' },
];

/** Returns advice for the author of the ebuild about the network access of a phase. */
export function ebuildFixes(phase: string, known: readonly Hint[]): string[] {
	const isTest = phase === 'test';
	const general = isTest
		? 'skip the tests that need a network, or set PROPERTIES="test_network"'
		: 'add the downloads to SRC_URI, or set RESTRICT="network-sandbox"';
	return [
		...known.map(({ fetcher, advice }) => `To fix the ebuild (${fetcher}), ${advice}.`),
		...(known.length === 0 || isTest ? [`To fix the ebuild, ${general}.`] : []),
	];
}

/** Returns the hints for these programs, without duplicates, in the order of the table `hints`. */
export function hintsFor(programs: readonly Program[]): Hint[] {
	const matching = programs.map(hintFor);
	return hints.filter((hint) => matching.includes(hint));
}

function hintFor({ comm, script, argv, parents }: Program): Hint | undefined {
	const lines = [comm, [script ?? '', ...argv].join(' ').trim(), ...parents];
	// Remove the directory of the program, so that the hint for go does not match /usr/lib/go/bin/npm.
	const commands = lines.map((line) => line.replace(/^\S*\//, ''));
	return hints.find(({ pattern }) => commands.some((line) => pattern.test(line)));
}
