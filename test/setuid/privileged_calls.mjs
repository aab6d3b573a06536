// Compares the privileged system calls of confine with the table of docs/privilege.md. Fails if a call or a row has no match.
//   node privileged_calls.mjs docs/privilege.md UID-OF-THE-CALLER TRACE...      each TRACE is the output of `strace -f -o` for one run
import console from 'node:console';
import { readFileSync } from 'node:fs';
import process from 'node:process';

const [, , page, uid, ...traces] = process.argv;

/** Returns a map from each privilege to its system calls. */
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

/** Follows the ids and capabilities of each process and yields [privilege, call, line] for each privileged call. */
function* privileged(lines) {
	const rights = new Map();
	const begun = new Map();
	// Until the process executes confine, it is setpriv with the privileges of root.
	const confineProcesses = new Set();
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
		// Ignore clock_gettime: it is a system call only if the vDSO has no clock (vdso(7)).
		if (call === undefined || call === 'clock_gettime') continue;
		const child = ['clone', 'clone3', 'fork', 'vfork'].includes(call) && Number(result) > 0 ? result : undefined;
		if (call === 'execve' && result === '0') {
			if (/^execve\("[^"]*\/confine"/.test(rest)) confineProcesses.add(pid);
			else confineProcesses.delete(pid);
			rights.set(pid, confineProcesses.has(pid) ? { euid: '0', effective: true, fresh: true } : undefined);
			continue;
		}
		const right = rights.get(pid);
		if (right === undefined) continue;
		const name = right.euid === '0' ? 'as root' : right.effective ? 'as the caller' : undefined;
		// Ignore the calls of the C library before main(), whose first call is getresuid.
		if (call === 'getresuid') right.fresh = false;
		if (name !== undefined && !right.fresh) yield [name, call, line];
		const ids = /^setresuid\((-?\d+), (-?\d+), (-?\d+)\)/.exec(rest);
		if (ids && result === '0') {
			if (ids[2] !== '-1') right.euid = ids[2];
			if (ids[1] === uid) right.effective = false;
		}
		const capabilities = /^capset\(.*effective=([^,]*),/.exec(rest);
		if (capabilities && result === '0') right.effective = capabilities[1] !== '0';
		if (child !== undefined) {
			rights.set(child, { ...right });
			confineProcesses.add(child);
		}
	}
}

const table = tableOf(readFileSync(page, 'utf8'));
const missing = new Set();
for (const trace of traces)
	for (const [right, call, line] of privileged(orderly(readFileSync(trace, 'utf8').split('\n')))) {
		const key = `${right}: ${call}`;
		if (table.has(key)) table.set(key, table.get(key) + 1);
		else missing.add(`${key}\t${line}`);
	}
for (const one of missing) console.log(`not in the table: ${one}`);
const unseen = [...table].filter(([, count]) => count === 0).map(([key]) => key);
for (const one of unseen) console.log(`not seen: ${one}`);
if (missing.size > 0 || unseen.length > 0 || table.size === 0) process.exit(1);

/** The first calls of a child can come before its parent's clone has returned. Moves these lines after it. */
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
