// SPDX-License-Identifier: GPL-2.0-or-later
import type { Command, Option } from './command.ts';
import { features } from '../rules/features.ts';
import { settings } from '../rules/settings.ts';
import { srcPhases } from '../rules/phases.ts';

const phaseNames = srcPhases.map((phase) => `src_${phase}`);
const json: Option = { means: 'print JSON' };
const eprefix: Option = { value: 'DIR', means: 'use the Gentoo Prefix in DIR', candidates: 'folder' };
const onceOptions: Command['options'] = {
	once: {
		value: 'DIR',
		means: 'remember in DIR which messages this run of emerge has printed',
		candidates: 'folder',
	},
	run: { value: 'PID-TICKS', means: 'identify this run by PID and start time of emerge' },
};
const featureList: Option = { value: 'LIST', means: 'use LIST as FEATURES', candidates: Object.values(features) };

type Row = Pick<Command, 'summary' | 'run'> & Partial<Command>;
const defaults = { details: [], options: {}, words: '', candidates: [], internal: false };

const rows: Readonly<Record<string, Row>> = {
	report: {
		summary: 'show blocked connections, killed processes and resource use',
		details: [
			'Reads the records of all confined phases. PACKAGE is CATEGORY/NAME or NAME, with or without a version. The exit status is 1 if PACKAGE has no record. The sections are: blocked attempts (connections and lookups of host names), attempts that would be blocked (under PORTCULLIS_AUDIT=only, or without a sandbox), killed processes, removed IPC objects, phases without a sandbox that FEATURES requests, phases that exceeded a limit, requests to UNIX sockets of the host, allowed connections, and resource use.',
			'TIME is an age (30m, 12h, 3d or 2w), today, yesterday, a date (2026-11-20), or a date with a local time (2026-11-20T21:50).',
		],
		options: {
			since: { value: 'TIME', means: 'show only phases that started after TIME' },
			last: { means: 'show only the last run of emerge or ebuild' },
			stats: { means: 'print totals only, in the format of `ccache -s`' },
			json,
			html: {
				value: 'FILE',
				means: 'write the report as an HTML page that loads nothing from the network',
				candidates: 'file',
			},
			records: { value: 'FILE', means: 'read the records from FILE', candidates: 'file' },
		},
		words: '[PACKAGE]',
		candidates: ['recorded'],
		run: async (input) => (await import('./commands/report.ts')).run(input),
	},
	status: {
		summary: 'list the phases that are running now',
		details: [
			'Shows for each running phase: package, phase name, elapsed time, number of processes, memory, processor use, and number of blocked packets. `report` shows blocked lookups of host names too. Root sees the phases of all users. Other users see their own.',
		],
		options: { watch: { means: 'refresh every second until Ctrl-C or q is pressed' }, json },
		run: async (input) => (await import('./commands/status.ts')).run(input),
	},
	doctor: {
		summary: 'check whether this machine supports what FEATURES requests',
		details: [
			'Each finding shows its state, what it means, and the fix. A finding without a problem takes one line, unless --verbose is given. The exit status is 0 if everything that FEATURES requests works, 1 if something does not, and 2 for a usage error.',
		],
		options: { verbose: { means: 'show every finding in full, with the facts behind it' }, json, eprefix },
		run: async (input) => (await import('./commands/doctor.ts')).run(input),
	},
	info: {
		summary: 'print versions and configuration for a bug report',
		details: [
			'Prints versions, kernel, mode of confine, tracking method, and for each sandbox of FEATURES the program that applies it, in the format of `emerge --info`.',
		],
		options: { eprefix },
		run: async (input) => (await import('./commands/info.ts')).run(input),
	},
	allow: {
		summary: 'print the configuration that gives a package network access',
		details: [
			'Prints a line for package.env, and the content of the file in /etc/portage/env that this line names. The content sets PORTCULLIS_ALLOW to the destinations that the package tried to reach: HOST:PORT from URLs and lookups, otherwise ADDRESS:PORT. A note marks guessed ports. PACKAGE is NAME or CATEGORY/NAME, with an optional operator, version or slot. The exit status is 1 if Portage does not have the package or its records contain no destination.',
		],
		options: {
			write: { means: 'write the configuration to files in /etc/portage, and print each change' },
			whole: { means: 'permit the whole network (FEATURES="-network-sandbox") instead of the recorded destinations' },
			remove: { means: 'remove the lines that this command has written for PACKAGE' },
			eprefix,
		},
		words: 'PACKAGE',
		candidates: ['recorded'],
		run: async (input) => (await import('./commands/allow.ts')).run(input),
	},
	explain: {
		summary: 'show which sandboxes each phase gets, and why',
		details: [
			'For a PACKAGE, Portage evaluates make.conf, package.env, RESTRICT and PROPERTIES. With --features, Portage is not started, and FEATURES, RESTRICT and PROPERTIES contain only the words of the options.',
		],
		options: {
			features: featureList,
			restrict: { value: 'LIST', means: 'use LIST as RESTRICT', candidates: [features.net] },
			properties: { value: 'LIST', means: 'use LIST as PROPERTIES', candidates: ['live', 'test_network'] },
			unpack: {
				value: 'VALUE',
				means: 'use VALUE as PORTCULLIS_UNPACK',
				candidates: settings.PORTCULLIS_UNPACK.choices,
			},
			json,
			eprefix,
		},
		words: '[PACKAGE] [PHASE...]',
		candidates: ['installed', phaseNames],
		run: async (input) => (await import('./commands/explain.ts')).run(input),
	},
	run: {
		summary: 'run a command or a shell, confined like a phase',
		details: [
			'Uses all sandboxes, or only those that --features lists. With --like, the command gets the sandboxes of PHASE of PACKAGE. Without a COMMAND, a shell starts, with a prefix in its prompt (zsh: unless your startup files set PROMPT). At the end, blocked connections and killed processes are listed. The exit status is that of the command, or 125 if a sandbox is not available.',
		],
		options: {
			features: featureList,
			like: { value: 'PACKAGE', means: 'confine like PHASE of this package', candidates: 'installed' },
			eprefix,
		},
		words: '[PHASE] [-- COMMAND [ARG...]]',
		candidates: [phaseNames],
		run: async (input) => (await import('./commands/run.ts')).run(input),
	},
	shell: {
		summary: 'open a shell in the build directory of a failed build',
		details: [
			'The shell has the saved environment of the build, the functions of its ebuild and eclasses, and the confinement of PHASE. Portage keeps the build directory of a build that failed.',
		],
		options: { eprefix },
		words: '=CATEGORY/PACKAGE-VERSION PHASE [-- COMMAND [ARG...]]',
		candidates: ['kept', phaseNames],
		run: async (input) => (await import('./commands/shell.ts')).run(input),
	},
	try: {
		summary: 'build one package with its tests, isolated, and print its report',
		details: [
			'Runs `ebuild FILE clean test install` with every sandbox switched on. Dependencies must be installed already. Nothing is merged, and the build directory is kept. PACKAGE can also be the path of an ebuild. The output of the build is printed only if it fails. The exit status is that of ebuild.',
		],
		options: { verbose: { means: 'print the output of the build as it comes' }, eprefix },
		words: 'PACKAGE|FILE.ebuild',
		candidates: ['recorded'],
		run: async (input) => (await import('./commands/try.ts')).run(input),
	},
	gc: {
		summary: 'remove cgroups that a killed confine left behind',
		details: ['The next confined phase does the same. Cgroups of running phases are kept.'],
		run: async () => (await import('./commands/gc.ts')).run(),
	},
	hook: {
		summary: 'print the hook, or the lines for bashrc that source it',
		details: [
			'With --check, the exit status is 0 if the installed hook is the one that this version installs, and 1 if not.',
		],
		options: {
			eprefix: { ...eprefix, means: 'print the hook for the Gentoo Prefix in DIR' },
			block: { means: 'print the block for bashrc' },
			check: { means: 'compare the installed hook with this version' },
		},
		run: async (input) => (await import('./commands/hook.ts')).run(input),
	},
	completion: {
		summary: 'print the completions for a shell',
		words: 'bash|zsh|fish',
		candidates: [['bash', 'zsh', 'fish']],
		run: async (input) => (await import('./commands/completion.ts')).run(input),
	},
	complete: {
		summary: 'list the completions of a command line, for the scripts that `completion` prints',
		words: '[-- WORD...]',
		internal: true,
		run: async (input) => (await import('./commands/complete.ts')).run(input, publicCommands()),
	},
	check: {
		summary: 'check the configuration of a package: conflicts, PORTCULLIS_ALLOW and misspelled PORTCULLIS_* variables',
		options: {
			package: { value: 'CATEGORY/PF', means: 'name the package in messages' },
			known: { value: 'LIST', means: 'list all conflicts, and print messages about those that are not in LIST' },
			resolve: { means: 'resolve PORTCULLIS_ALLOW to options for confine' },
			...onceOptions,
		},
		internal: true,
		run: async (input) => (await import('./commands/hook_queries.ts')).runCheck(input),
	},
	printed: {
		summary: 'exit with 0 if this run of the package manager has printed the message KEY before',
		options: onceOptions,
		words: 'KEY',
		internal: true,
		run: async (input) => (await import('./commands/hook_queries.ts')).runPrinted(input),
	},
	messages: {
		summary: 'print what emerge prints about the phase whose record is in FILE',
		options: {
			refused: { means: 'report that confine did not start the phase' },
			features: featureList,
			...onceOptions,
		},
		words: 'FILE',
		candidates: ['file'],
		internal: true,
		run: async (input) => (await import('./commands/hook_queries.ts')).runMessages(input),
	},
};

export const commands: Readonly<Record<string, Command>> = Object.fromEntries(
	Object.entries(rows).map(([name, row]) => [name, { ...defaults, ...row }]),
);

/** Lists the commands that are not internal, in the order of `portcullis --help`. */
export function publicCommands(): [string, Command][] {
	return Object.entries(commands).filter(([, { internal }]) => !internal);
}
