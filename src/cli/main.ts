// SPDX-License-Identifier: GPL-2.0-or-later
import { parseArgs } from 'node:util';
import manifest from '../../package.json' with { type: 'json' };
import { UntrustedError, UsageError, type Command, type Input } from './command.ts';
import { commands, publicCommands } from './command_table.ts';
import { errorText } from '../util/files.ts';
import { print, printError } from '../util/output.ts';
import { screenOf } from '../util/terminal.ts';
import { suggestion } from '../util/suggestion.ts';

const FAILURE = 1;
const MISUSE = 2;
const UNTRUSTED = 10;

/** Runs the command that `argv` (without the name of the program) describes, and returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
	try {
		return await dispatch(argv);
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		printError(`portcullis: ${errorText(error).replaceAll('\n', ' ')}`);
		if (error instanceof UntrustedError) return UNTRUSTED;
		return error instanceof UsageError ? MISUSE : FAILURE;
	}
}

async function dispatch([name, ...rest]: readonly string[]): Promise<number> {
	if (name === undefined) throw new UsageError('a command is missing. `portcullis --help` lists the commands');
	if (name === '--version' || name === '-V') return printText(`portcullis ${manifest.version}`);
	if (name === '--help' || name === '-h' || name === 'help') return printHelp(rest[0]);
	const command = commandNamed(name);
	const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
	if (own.includes('--help') || own.includes('-h')) return printHelp(name);
	return command.run(parse(name, command, rest));
}

function commandNamed(name: string): Command {
	const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
	if (command !== undefined) return command;
	const kind = name.startsWith('-') ? 'option' : 'command';
	const near = suggestion(name, [...publicCommands().map(([one]) => one), 'help', '--help', '--version']);
	throw new UsageError(`unknown ${kind} ${name}${near === '' ? '. `portcullis --help` shows the usage' : near}`);
}

function parse(name: string, command: Command, argv: readonly string[]): Input {
	const { options } = command;
	const types = Object.entries(options).map(
		([option, { value }]) => [option, { type: value === undefined ? 'boolean' : 'string' }] as const,
	);
	const values: Record<string, string> = {};
	const flags = new Set<string>();
	const words: string[] = [];
	// Without `strict`, parseArgs() accepts unknown options and missing values, for which this function has better messages.
	const config = { args: [...argv], options: Object.fromEntries(types), strict: false, tokens: true } as const;
	for (const token of parseArgs(config).tokens) {
		if (token.kind === 'option-terminator') break;
		if (token.kind === 'positional') {
			words.push(token.value);
			continue;
		}
		const { name: option, rawName, value, inlineValue } = token;
		if (!rawName.startsWith('--') || !Object.hasOwn(options, option)) {
			const near = suggestion(rawName, [...Object.keys(options).map((one) => `--${one}`), '--help']);
			const help = `. \`portcullis ${name} --help\` lists the options`;
			throw new UsageError(`${name}: unknown option ${rawName}${near === '' ? help : near}`);
		}
		if (options[option]?.value === undefined) {
			if (value !== undefined) throw new UsageError(`${name}: ${rawName} takes no value`);
			flags.add(option);
		} else if (value === undefined || (!inlineValue && /^-./.test(value)))
			throw new UsageError(`${name}: ${rawName} needs a value`);
		else if (Object.hasOwn(values, option)) throw new UsageError(`${name}: ${rawName} was given twice`);
		else values[option] = value;
	}
	checkNumber(name, command, words);
	const end = argv.indexOf('--');
	return { values, flags, words, command: end < 0 ? undefined : argv.slice(end + 1) };
}

/** Checks the number of positional arguments against the usage line. Skips `run` and `shell`, whose usage line has `--` with a command: they check their own arguments. */
function checkNumber(name: string, { words: usage }: Command, words: readonly string[]): void {
	if (usage.includes('[--')) return;
	const operands = usage.split(' ').filter(Boolean);
	const missing = operands.slice(words.length).find((operand) => !operand.startsWith('['));
	const more = usage.includes('...') ? undefined : words[operands.length];
	if (missing === undefined && more === undefined) return;
	const wrong = missing === undefined ? `unexpected argument "${more}"` : `${missing} is missing`;
	throw new UsageError(`${name}: ${wrong}. \`portcullis ${name} --help\` shows the usage`);
}

async function printHelp(name: string | undefined): Promise<number> {
	const { helpFor, helpForAll } = await import('./help.ts');
	const { width } = screenOf(process.stdout);
	return printText(name === undefined ? helpForAll(width) : helpFor(name, commandNamed(name), width));
}

function printText(text: string): number {
	print(text.split('\n'));
	return 0;
}

// Ignore EPIPE: in `portcullis report | head`, head closes the pipe early.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
	if (error.code !== 'EPIPE') throw error;
	process.exit();
});
void main(process.argv.slice(2)).then((status) => (process.exitCode = status));
