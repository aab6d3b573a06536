// SPDX-License-Identifier: GPL-2.0-or-later
// Evaluates an expression for the records in FILE, which are lines of JSON. EXPRESSION is JavaScript, in which r is the record.
//   node record.mjs FILE PHASE EXPRESSION   prints the values for the records of PHASE, one per line. PHASE can be `last` or `all`
//   node record.mjs --serve                 answers the requests on standard input. A request has four parts, each with a zero byte at its
//                                           end: REPLY FILE PHASE EXPRESSION. The answer, which goes into the FIFO named REPLY, is `ok`
//                                           and the output, or an error message, with a zero byte at its end.
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';

function evaluate(file, phase, expression) {
	const lines = readFileSync(file, 'utf8').trim().split('\n');
	const value = new Function('r', `return (${expression});`);
	return (phase === 'last' ? lines.slice(-1) : lines)
		.map((line) => JSON.parse(line))
		.filter((r) => ['last', 'all', r.phase].includes(phase))
		.map((r) => value(r))
		.map((each) => `${typeof each === 'object' ? JSON.stringify(each) : each}\n`)
		.join('');
}

function answer(request) {
	try {
		return `ok${evaluate(...request)}`;
	} catch (error) {
		return String(error);
	}
}

const [, , ...args] = process.argv;
if (args[0] === '--serve') {
	let rest = '';
	process.stdin.setEncoding('utf8').on('data', (text) => {
		const parts = (rest + text).split('\0');
		while (parts.length > 4) {
			const [reply, ...request] = parts.splice(0, 4);
			// Open the FIFO for reading too (r+): opening it only for writing would block for ever if the client has been killed.
			writeFileSync(reply, `${answer(request)}\0`, { flag: 'r+' });
		}
		rest = parts.join('\0');
	});
} else {
	process.stdout.write(evaluate(...args));
}
