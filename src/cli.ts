import minimist from 'minimist';
import manifest from '../package.json' with { type: 'json' };
import { commands, type Command, type Input } from './commands.ts';
import { suggestion, UsageError } from './usage.ts';

const FAILURE = 1;
const MISUSE = 2;

/** The program: takes what follows its name, gives the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
	try {
		return await dispatch(argv);
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		process.stderr.write(`portcullis: ${error.message.replaceAll('\n', ' ')}\n`);
		return error instanceof UsageError ? MISUSE : FAILURE;
	}
}

async function dispatch([name, ...rest]: readonly string[]): Promise<number> {
	if (name === undefined) throw new UsageError('which command? `portcullis --help` lists them');
	if (name === '--help' || name === 'help') return print(help());
	if (name === '--version') return print(`portcullis ${manifest.version}`);
	const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
	if (command === undefined) {
		const kind = name.startsWith('-') ? 'option' : 'command';
		throw new UsageError(
			`unknown ${kind} ${name}${suggestion(name, [...Object.keys(commands), '--help', '--version'])}`,
		);
	}
	if (rest[0] === '--help') return print(`usage: portcullis ${command.usage}\n${command.summary}`);
	return command.run(read(name, command, rest));
}

/** minimist finds the words; what it lets pass, an unknown option or a missing value, is refused here. */
function read(name: string, command: Command, argv: readonly string[]): Input {
	const known = [...command.values, ...command.flags];
	const parsed = minimist<Record<string, unknown>>([...argv], {
		string: ['_', ...command.values],
		boolean: [...command.flags],
		'--': true,
		unknown: (word) => {
			if (!word.startsWith('-')) return true;
			const option = word.replace(/=.*/s, '');
			const near = suggestion(option, [...known.map((one) => `--${one}`), '--help']);
			throw new UsageError(`${name}: unknown option ${option}${near}`);
		},
	});
	const values = command.values.flatMap((option) => {
		const value: unknown = parsed[option];
		if (value === undefined) return [];
		if (typeof value !== 'string') throw new UsageError(`${name}: --${option} was given twice`);
		// minimist can't tell `--option` from `--option ''`.
		if (value === '' && argv.at(argv.indexOf(`--${option}`) + 1) !== '' && !argv.includes(`--${option}=`)) {
			throw new UsageError(`${name}: --${option} needs a value`);
		}
		return [[option, value] as const];
	});
	return {
		values: Object.fromEntries(values),
		flags: new Set(command.flags.filter((flag) => parsed[flag] === true)),
		words: parsed._,
		command: argv.includes('--') ? parsed['--'] : undefined,
	};
}

function help(): string {
	const width = Math.max(...Object.keys(commands).map((name) => name.length));
	return [
		'portcullis: confines each src_* phase of a Gentoo build.',
		'',
		'usage: portcullis COMMAND [OPTION...]',
		'',
		...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
		'',
		'`portcullis COMMAND --help` shows what it takes.',
	].join('\n');
}

function print(text: string): number {
	process.stdout.write(`${text}\n`);
	return 0;
}

process.exitCode = await main(process.argv.slice(2));
