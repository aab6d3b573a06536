/**
 * The variables of make.conf and package.env. A value has to be one of `choices` or match `pattern`; no value, or an
 * empty one, is the default.
 */
interface Choice {
	readonly choices: readonly string[];
	readonly default: string;
	readonly means: string;
}

interface Form {
	/** What JavaScript's regular expressions and the extended ones of POSIX (bash) understand alike. */
	readonly pattern: string;
	/** The pattern in words, for the message about a value that doesn't match. */
	readonly form: string;
	readonly default: string;
	readonly means: string;
	/** A list, each of whose words has to match. */
	readonly list?: true;
	/** The kernel's name of the limit, as `confine --limit` takes it. */
	readonly limit?: string;
}

const octet = '(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
const four = `(${octet}[.]){3}${octet}(/([12]?[0-9]|3[0-2]))?`;
const six = '\\[[0-9A-Fa-f:.]+\\](/(1[01][0-9]|12[0-8]|[1-9]?[0-9]))?';
const host = '[0-9A-Za-z_]([0-9A-Za-z._-]*[0-9A-Za-z])?';
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

/** Those that confine --families takes (native/options/families.c). */
const families = [
	'alg',
	'ax25',
	'bluetooth',
	'caif',
	'can',
	'ieee802154',
	'kcm',
	'key',
	'llc',
	'mctp',
	'nfc',
	'packet',
	'phonet',
	'pppox',
	'qipcrtr',
	'rds',
	'rxrpc',
	'smc',
	'tipc',
	'vsock',
	'x25',
	'xdp',
];

export const settings = {
	PORTCULLIS_AUDIT: {
		choices: ['off', 'on', 'only'],
		default: 'on',
		means: 'watch what the phase tries to reach; only: watch, and isolate nothing',
	},
	PORTCULLIS_ON_FAILURE: {
		choices: ['warn', 'die'],
		default: 'warn',
		means: "what happens where a sandbox that FEATURES asks for can't be had",
	},
	PORTCULLIS_CONFLICT: {
		choices: ['warn', 'die', 'ignore'],
		default: 'warn',
		means: 'what happens where the configuration holds something that the sandbox cuts off, distcc for one',
	},
	PORTCULLIS_UNPACK: {
		choices: ['host', 'confine'],
		default: 'host',
		means: 'confine: isolate the network of src_unpack too, unless the package is live',
	},
	PORTCULLIS_ALLOW: {
		pattern: `^(distcc|(${four}|${six}|${host}):${port})$`,
		form: 'a list of HOST:PORT, ADDRESS:PORT, [IPV6]:PORT, ADDRESS/BITS:PORT, or distcc',
		list: true,
		default: '',
		means: 'destinations that the network sandbox lets through',
	},
	PORTCULLIS_FAMILIES: {
		pattern: `^(any|${families.join('|')})$`,
		form: 'a list of address families such as alg, packet or vsock, or any',
		list: true,
		default: '',
		means: 'socket families that an isolated phase may use besides UNIX, INET, INET6 and NETLINK',
	},
	PORTCULLIS_MEMORY_MAX: {
		pattern: '^[0-9]{1,15}[KMGT]?$',
		form: 'a number of bytes, with K, M, G or T behind it or nothing',
		default: '',
		means: 'the most memory that a phase may use (with FEATURES=cgroup)',
		limit: 'memory.max',
	},
	PORTCULLIS_PIDS_MAX: {
		pattern: '^[0-9]{1,15}$',
		form: 'a number',
		default: '',
		means: 'the most processes and threads that a phase may have (with FEATURES=cgroup)',
		limit: 'pids.max',
	},
	PORTCULLIS_CPU_MAX: {
		pattern: '^0*[1-9][0-9]{0,5}%$',
		form: 'per cent of one processor, such as 150%',
		default: '',
		means: 'the most processor time that a phase may use (with FEATURES=cgroup)',
		limit: 'cpu.max',
	},
} as const satisfies Record<string, Choice | Form>;

export type SettingName = keyof typeof settings;
export type Settings = Readonly<Record<SettingName, string>>;

export const settingNames = Object.keys(settings) as SettingName[];

/** The variable that sets a limit of the kernel. */
export function settingOf(limit: string): SettingName | undefined {
	return settingNames.find((name) => 'limit' in settings[name] && settings[name].limit === limit);
}

/** What a value has to be, in words. */
export function expected(name: SettingName): string {
	const setting: Choice | Form = settings[name];
	return 'choices' in setting ? alternatives(setting.choices) : setting.form;
}

/** undefined for a good value; otherwise one line that names the variable, the value and what it could be. */
export function problem(name: SettingName, value: string): string | undefined {
	const setting: Choice | Form = settings[name];
	const parts = 'list' in setting ? value.split(' ') : [value];
	const bad = value === '' ? undefined : parts.find((part) => !isGood(setting, part));
	return bad === undefined ? undefined : `${name}="${bad}" is not known: it can be ${expected(name)}`;
}

function isGood(setting: Choice | Form, value: string): boolean {
	return 'choices' in setting ? setting.choices.includes(value) : new RegExp(setting.pattern).test(value);
}

/** Every setting, from those that `values` has; what is wrong there counts as not set, so ask `problem` first. */
export function resolve(values: Readonly<Record<string, string | undefined>>): Settings {
	const entries = settingNames.map((name) => {
		const value = squeeze(values[name] ?? '');
		return [name, value === '' || problem(name, value) !== undefined ? settings[name].default : value];
	});
	return Object.fromEntries(entries) as Settings;
}

/** Blanks as `make.conf` may have them, over several lines too, become one space each, and none at the ends. */
export function squeeze(value: string): string {
	return value
		.split(/[ \t\n]+/)
		.filter(Boolean)
		.join(' ');
}

function alternatives(choices: readonly string[]): string {
	return `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}`;
}
