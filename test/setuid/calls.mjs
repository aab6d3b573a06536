// Reads strace's output on stdin, and fails where a call was made under a right for which the table has no row.
//   node calls.mjs docs/privilege.md UID-OF-THE-CALLER
import console from 'node:console';
import { readFileSync } from 'node:fs';
import process from 'node:process';

const [, , page, uid] = process.argv;

/** right -> calls */
function tableOf(text) {
	const rows = text.slice(text.indexOf('<!-- calls'), text.indexOf('<!-- end of calls')).split('\n');
	const table = new Map();
	for (const row of rows) {
		const [, right, calls] = row.split('|').map((cell) => cell.trim());
		if (calls === undefined || !calls.startsWith('`')) continue;
		for (const [, call] of calls.matchAll(/`(\w+)`/g)) table.set(`${right}: ${call}`, 0);
	}
	return table;
}

/** Follows the ids and capabilities of each process and yields [right, call, line] for those under one. */
function* privileged(lines) {
	const rights = new Map();
	const begun = new Map();
	// Before confine is exec'ed it is setpriv, which is root's.
	const ours = new Set();
	for (let line of lines) {
		let [, pid, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
		if (rest === undefined || rest.startsWith('+++') || rest.startsWith('---')) continue;
		if (rest.endsWith('<unfinished ...>')) {
			begun.set(pid, rest.slice(0, -' <unfinished ...>'.length));
			continue;
		}
		const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
		if (resumed) rest = (begun.get(pid) ?? '') + resumed[1];
		const [, call, result] = /^(\w+)\(.* = (-?\w+)/.exec(rest) ?? [];
		// The time is a system call only where the vDSO has no clock to read it from (vdso(7)).
		if (call === undefined || call === 'clock_gettime') continue;
		const child = ['clone', 'clone3', 'fork', 'vfork'].includes(call) && Number(result) > 0 ? result : undefined;
		if (call === 'execve' && result === '0') {
			if (/^execve\("[^"]*\/confine"/.test(rest)) ours.add(pid);
			else ours.delete(pid);
			rights.set(pid, ours.has(pid) ? { euid: '0', effective: true, fresh: true } : undefined);
			continue;
		}
		const right = rights.get(pid);
		if (right === undefined) continue;
		const name = right.janitor
			? 'janitor'
			: right.euid === '0'
				? 'as root'
				: right.effective
					? 'as the caller'
					: undefined;
		// The C library's own start comes before main(), which puts the rights aside first.
		if (name !== undefined && !right.fresh) yield [name, call, line];
		const ids = /^setresuid\((-?\d+), (-?\d+), (-?\d+)\)/.exec(rest);
		if (ids && result === '0') {
			if (ids[2] !== '-1') right.euid = ids[2];
			right.fresh = false;
			right.janitor = ids[1] === '0';
			if (ids[1] === uid) right.effective = false;
		}
		const capabilities = /^capset\(.*effective=([^,]*),/.exec(rest);
		if (capabilities && result === '0') right.effective = capabilities[1] !== '0';
		if (child !== undefined) {
			rights.set(child, { ...right });
			ours.add(child);
		}
	}
}

const table = tableOf(readFileSync(page, 'utf8'));
const missing = new Set();
for (const [right, call, line] of privileged(orderly(readFileSync(0, 'utf8').split('\n')))) {
	const key = [`${right}: ${call}`, `any: ${call}`].find((one) => table.has(one));
	if (key === undefined) missing.add(`${right}: ${call}\t${line}`);
	else table.set(key, table.get(key) + 1);
}
for (const one of missing) console.log(`not in the table: ${one}`);
const seen = [...table].filter(([, count]) => count > 0).length;
console.log(`${seen} of ${table.size} rows seen`);
// A trace that shows no privileged call shows nothing.
if (missing.size > 0 || seen < 20) process.exit(1);

/** A child's first calls can stand before its parent's clone has returned: those lines go behind it. */
function orderly(lines) {
	const known = new Set();
	const early = new Map();
	const result = [];
	for (const line of lines) {
		const pid = /^(\d+)/.exec(line)?.[1];
		if (pid === undefined) continue;
		if (result.length > 0 && !known.has(pid)) {
			early.set(pid, [...(early.get(pid) ?? []), line]);
		} else {
			known.add(pid);
			result.push(line);
		}
		const child = /(?:clone|clone3|v?fork)(?:\(| resumed).* = (\d+)$/.exec(line)?.[1];
		if (child !== undefined) {
			known.add(child);
			result.push(...(early.get(child) ?? []));
			early.delete(child);
		}
	}
	return result;
}
