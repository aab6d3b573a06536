import type { Command, Option } from './command.ts';
import { settings } from '../rules/settings.ts';
import { srcPhases } from '../rules/phases.ts';

const phaseNames = srcPhases.map((phase) => `src_${phase}`);
const json: Option = { means: 'print JSON' };
const eprefix: Option = { value: 'DIR', means: 'the Gentoo Prefix to look at', candidates: 'folder' };
const stdin: Option = { means: 'read the environment from standard input: NAME=VALUE, each with a NUL byte behind it' };
const lists = {
	features: { value: 'LIST', means: 'words of FEATURES', candidates: ['network-sandbox', 'ipc-sandbox', 'cgroup'] },
	restrict: { value: 'LIST', means: 'words of RESTRICT', candidates: ['network-sandbox'] },
	properties: { value: 'LIST', means: 'words of PROPERTIES', candidates: ['live', 'test_network'] },
	unpack: { value: 'HOW', means: 'PORTCULLIS_UNPACK', candidates: settings.PORTCULLIS_UNPACK.choices },
} as const satisfies Record<string, Option>;

export const commands: Readonly<Record<string, Command>> = {
	report: {
		summary: 'what was blocked, killed and used',
		details: [
			'Reads the records that every confined phase leaves. PACKAGE is CATEGORY/NAME, NAME, or either with a version. What needs an answer comes first: what was blocked, then what was killed, then what was built without its sandbox, then what used the most.',
			'TIME is 30m, 12h, 3d or 2w back, a date (2026-11-20), or a date and time (2026-11-20T21:50).',
		],
		options: {
			since: { value: 'TIME', means: 'only phases that began after it' },
			stats: { means: 'numbers only, in the manner of `ccache -s`' },
			json,
			html: { value: 'FILE', means: 'write one page that needs no network, for a browser', candidates: 'file' },
			records: { value: 'FILE', means: 'read these records', candidates: 'file' },
		},
		words: '[PACKAGE]',
		candidates: ['package'],
		run: async (input) => (await import('./commands/report.ts')).run(input),
	},
	status: {
		summary: 'phases that are running now',
		details: ["Package, phase, how long, processes, memory and processor use; your own, and as root everybody's."],
		options: { watch: { means: 'refresh every second, until Ctrl-C or q' }, json },
		words: '',
		candidates: [],
		run: async (input) => (await import('./commands/status.ts')).run(input),
	},
	doctor: {
		summary: 'can this machine do what FEATURES asks, and if not, what to change',
		details: [
			'Each finding has a state, what it means, and the way out. What is sound takes one line, unless --verbose is given. Exit status 0: all that FEATURES asks for works; 1: something does not; 2: bad usage.',
		],
		options: { verbose: { means: 'show every finding, with what was looked at' }, json, eprefix },
		words: '',
		candidates: [],
		run: async (input) => (await import('./commands/doctor.ts')).run(input),
	},
	info: {
		summary: 'the block to paste into a bug report',
		details: [
			'Versions, kernel, mode, tracking method, and FEATURES with who honours each word, in the manner of `emerge --info`.',
		],
		options: { eprefix },
		words: '',
		candidates: [],
		run: async (input) => (await import('./commands/info.ts')).run(input),
	},
	allow: {
		summary: "what lets a package's build reach the network",
		details: [
			'Prints the lines for package.env and for the file that it names: first those that let through what the package has tried to reach (PORTCULLIS_ALLOW), if its records know of that, then those that build it without network-sandbox. --write adds what is not there yet. PACKAGE is CATEGORY/NAME, or either with an operator, a version or a slot.',
		],
		options: {
			write: { means: 'add the lines to /etc/portage' },
			whole: { means: 'the whole network, whatever was tried' },
			eprefix,
		},
		words: 'PACKAGE',
		candidates: ['package'],
		run: async (input) => (await import('./commands/allow.ts')).run(input),
	},
	explain: {
		summary: 'what each phase would be confined by, and which rule says so',
		details: [
			'For a PACKAGE, Portage is asked what make.conf, package.env, RESTRICT and PROPERTIES are for it. With --features nothing is asked, and the lists are what the options say.',
		],
		options: { ...lists, json, eprefix },
		words: '[PACKAGE] [PHASE...]',
		candidates: ['package', phaseNames],
		run: async (input) => (await import('./commands/explain.ts')).run(input),
	},
	run: {
		summary: 'run any command, or a shell, confined as a phase is',
		details: [
			'Confined by the network, ipc and cgroup sandboxes, or by what --features names, or with --like by what PHASE of PACKAGE would be confined by. Without a command, a shell. What was blocked or killed is said at the end. The exit status is that of the command; 125 where the sandbox could not be had.',
		],
		options: {
			features: lists.features,
			like: {
				value: 'PACKAGE',
				means: 'as the phase of this package; the PHASE stands behind it',
				candidates: 'package',
			},
			eprefix,
		},
		words: '[PHASE] [-- COMMAND [ARG...]]',
		candidates: [phaseNames],
		run: async (input) => (await import('./commands/run.ts')).run(input),
	},
	shell: {
		summary: 'a shell in the kept build directory of a failed build',
		details: [
			'With the saved environment of the build, the functions of its ebuild and eclasses, and the confinement of that phase. Portage keeps the directory of a build that failed.',
		],
		options: { eprefix },
		words: '=CATEGORY/PACKAGE-VERSION PHASE [-- COMMAND [ARG...]]',
		candidates: ['package', phaseNames],
		run: async (input) => (await import('./commands/shell.ts')).run(input),
	},
	gc: {
		summary: 'remove the cgroups that killed runs have left',
		details: ['The next confined phase does the same. What another run is just making or using stays.'],
		options: {},
		words: '',
		candidates: [],
		run: async (input) => (await import('./commands/gc.ts')).run(input),
	},
	hook: {
		summary: 'print the hook, or the lines of bashrc that read it',
		details: ['With --check: is the installed one what this version would write? Exit status 0 yes, 1 no.'],
		options: {
			eprefix: { ...eprefix, means: 'the Gentoo Prefix that it is for' },
			block: { means: 'print the block for bashrc' },
			check: { means: 'compare what is installed' },
		},
		words: '',
		candidates: [],
		run: async (input) => (await import('./commands/hook.ts')).run(input),
	},
	completion: {
		summary: 'print the completions for a shell',
		details: [],
		options: {},
		words: 'bash|zsh|fish',
		candidates: [['bash', 'zsh', 'fish']],
		run: async (input) => (await import('./commands/completion.ts')).run(input, publicCommands()),
	},
	conflicts: {
		summary: 'what collides with the sandboxes of a package whose environment this is',
		details: [],
		options: {
			package: { value: 'CATEGORY/PF', means: 'whose they are' },
			...lists,
			setting: { value: 'HOW', means: 'PORTCULLIS_CONFLICT', candidates: settings.PORTCULLIS_CONFLICT.choices },
			allow: { value: 'LIST', means: 'PORTCULLIS_ALLOW' },
			known: { value: 'LIST', means: 'those that were said' },
			stdin,
		},
		words: '',
		candidates: [],
		internal: true,
		run: async (input) => (await import('./commands/hook_queries.ts')).runConflicts(input),
	},
	destinations: {
		summary: 'what PORTCULLIS_ALLOW comes to, as options for confine',
		details: [],
		options: {
			package: { value: 'CATEGORY/PF', means: 'whose environment this is' },
			features: lists.features,
			stdin,
		},
		words: 'ENTRY...',
		candidates: [],
		internal: true,
		run: async (input) => (await import('./commands/hook_queries.ts')).runDestinations(input),
	},
	messages: {
		summary: 'what the hook says about the record in FILE',
		details: [],
		options: {
			refused: { means: 'confine did not start the phase' },
			once: { value: 'DIR', means: "the package's folder for what is said once", candidates: 'folder' },
		},
		words: 'FILE',
		candidates: ['file'],
		internal: true,
		run: async (input) => (await import('./commands/hook_queries.ts')).runMessages(input),
	},
};

/** Those that a person uses, in the order of the table. */
export function publicCommands(): [string, Command][] {
	return Object.entries(commands).filter(([, { internal }]) => internal !== true);
}
