// SPDX-License-Identifier: GPL-2.0-or-later
import { words } from '../util/environment.ts';
import { suggestion } from '../util/suggestion.ts';

/** A setting (a variable of make.conf or /etc/portage/env) with a fixed set of values. An empty variable means the default. */
interface Choice {
	readonly choices: readonly string[];
	readonly default: string;
	readonly means: string;
}

interface Form {
	/** A regular expression for a valid value. JavaScript and bash (POSIX extended) must interpret it in the same way. */
	readonly pattern: string;
	/** A description of the pattern in words, for messages. */
	readonly form: string;
	readonly default: string;
	readonly means: string;
	/** True if the value is a list of words, each of which must match `pattern`. */
	readonly list?: true;
	/** The cgroup file that the value is written to, for example memory.max. Its name is passed to `confine --limit`. */
	readonly limit?: string;
}

const octet = '(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
const four = `(${octet}[.]){3}${octet}(/([12]?[0-9]|3[0-2]))?`;
const six = '\\[[0-9A-Fa-f:.]+\\](/(1[01][0-9]|12[0-8]|[1-9]?[0-9]))?';
const host = '[0-9A-Za-z_]([0-9A-Za-z._-]*[0-9A-Za-z])?';
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** The names that `confine --families` accepts (native/options/allow_list.c). */
const families =
	'alg ax25 bluetooth caif can ieee802154 kcm key llc mctp nfc packet phonet pppox qipcrtr rds rxrpc smc tipc vsock x25 xdp';

export const settings = {
	PORTCULLIS_AUDIT: {
		choices: ['off', 'on', 'only'],
		default: 'on',
		means: 'record the network access of phases (on), or record it and isolate nothing (only)',
	},
	PORTCULLIS_ON_FAILURE: {
		choices: ['warn', 'die'],
		default: 'warn',
		means: 'what to do if a sandbox of FEATURES is not available: warn, or stop the build',
	},
	PORTCULLIS_CONFLICT: {
		choices: ['warn', 'die', 'ignore'],
		default: 'warn',
		means: 'what to do if a sandbox blocks something that the configuration uses, for example distcc',
	},
	PORTCULLIS_UNPACK: {
		choices: ['host', 'confine'],
		default: 'host',
		means: 'confine: also isolate the network of src_unpack, except for live packages',
	},
	PORTCULLIS_ALLOW: {
		pattern: `^(distcc|(${four}|${six}|${host}):${port}|unix:/[0-9A-Za-z/._@+-]+)$`,
		form: 'a list of HOST:PORT, ADDRESS:PORT, [IPV6]:PORT, ADDRESS/BITS:PORT, unix:PATH, or distcc',
		list: true,
		default: '',
		means: 'destinations that an isolated phase can connect to',
	},
	PORTCULLIS_SOCKETS: {
		choices: ['own', 'host'],
		default: 'host',
		means: 'own: in phases with network-sandbox, refuse UNIX sockets that the phase has not bound',
	},
	PORTCULLIS_FAMILIES: {
		pattern: `^(any|${families.replaceAll(' ', '|')})$`,
		form: 'a list of address families such as alg, packet or vsock, or any',
		list: true,
		default: '',
		means: 'socket address families that an isolated phase can use besides UNIX, INET, INET6 and NETLINK',
	},
	PORTCULLIS_MEMORY_MAX: {
		pattern: '^[0-9]{1,15}[KMGT]?$',
		form: 'a number of bytes, optionally with the suffix K, M, G or T',
		default: '',
		means: 'maximum memory of a phase (with FEATURES=cgroup)',
		limit: 'memory.max',
	},
	PORTCULLIS_PIDS_MAX: {
		pattern: '^[0-9]{1,15}$',
		form: 'a number',
		default: '',
		means: 'maximum number of processes and threads of a phase (with FEATURES=cgroup)',
		limit: 'pids.max',
	},
	PORTCULLIS_CPU_MAX: {
		pattern: '^0*[1-9][0-9]{0,5}%$',
		form: 'a percentage of one processor, such as 150%',
		default: '',
		means: 'maximum processor time of a phase (with FEATURES=cgroup)',
		limit: 'cpu.max',
	},
} as const satisfies Record<string, Choice | Form>;

export type SettingName = keyof typeof settings;
export type Settings = Readonly<Record<SettingName, string>>;

export const settingNames = Object.keys(settings) as SettingName[];

/** The name of confine's option --own-sockets in the list `missing` of a record, if the option was not available. */
export const ownSockets = 'own-sockets';

/** Returns the PORTCULLIS_* variable for a limit or option that a record names: PORTCULLIS_MEMORY_MAX for the cgroup file memory.max. */
export function settingOf(name: string): SettingName | undefined {
	if (name === ownSockets) return 'PORTCULLIS_SOCKETS';
	return settingNames.find((one) => 'limit' in settings[one] && settings[one].limit === name);
}

/** Returns the valid values of a setting in words, for messages. */
export function expected(name: SettingName): string {
	const setting: Choice | Form = settings[name];
	return 'choices' in setting ? alternatives(setting.choices) : setting.form;
}

/** Checks the value of a setting. Returns undefined if it is valid, otherwise a message without a full stop that lists the valid values. */
export function problem(name: SettingName, value: string): string | undefined {
	const setting: Choice | Form = settings[name];
	const parts = 'list' in setting ? value.split(' ') : [value];
	const invalid = value === '' ? undefined : parts.find((word) => !isValid(setting, word));
	return invalid === undefined ? undefined : `${name}="${invalid}" is invalid: use ${expected(name)}`;
}

/** Returns a message for each name PORTCULLIS_* that is not a setting, because a misspelled setting has no effect. */
export function unknownSettings(names: readonly string[]): { name: string; text: string }[] {
	const known: readonly string[] = settingNames;
	return names
		.filter((name) => name.startsWith('PORTCULLIS_') && !known.includes(name))
		.map((name) => {
			const end = suggestion(name, known) || '.';
			return { name, text: `${name} has no effect, because Portcullis has no such variable${end}` };
		});
}

function isValid(setting: Choice | Form, value: string): boolean {
	return 'choices' in setting ? setting.choices.includes(value) : new RegExp(setting.pattern).test(value);
}

/** Returns all settings. A value that is missing, empty or invalid is replaced by the default. problem() reports invalid values. */
export function resolve(values: Readonly<Record<string, string | undefined>>): Settings {
	const entries = settingNames.map((name) => {
		const value = squeeze(values[name] ?? '');
		return [name, value === '' || problem(name, value) !== undefined ? settings[name].default : value];
	});
	return Object.fromEntries(entries) as Settings;
}

/** Replaces each sequence of blanks and newlines by one space, and removes blanks and newlines at both ends. */
export function squeeze(value: string): string {
	return words(value).join(' ');
}

function alternatives(choices: readonly string[]): string {
	return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
}
