// SPDX-License-Identifier: GPL-2.0-or-later
import { readdirSync } from 'node:fs';
import { readFile, stat } from './files.ts';

export type Process = Readonly<NonNullable<ReturnType<typeof parseProcess>>>;

/** Clock ticks per second (USER_HZ) of the times in /proc/PID/stat. It is 100, whatever CONFIG_HZ is (asm-generic/param.h). */
export const TICKS_PER_SECOND = 100;

/** Lists the processes that this user can inspect, except zombies. */
export function processes(): Process[] {
	const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	return pids.flatMap((pid) => {
		const stat = readFile(`/proc/${pid}/stat`);
		const cmdline = readFile(`/proc/${pid}/cmdline`);
		return stat === undefined || cmdline === undefined ? [] : (parseProcess(Number(pid), stat, cmdline) ?? []);
	});
}

/**
 * Parses /proc/PID/stat and /proc/PID/cmdline. Returns undefined for a zombie. Field 2 of stat, the name in parentheses, can contain any character, so the function
 * counts from the last parenthesis. state is field 3, ppid 4, utime, stime, cutime and cstime are 14 to 17, starttime is 22 (proc_pid_stat(5)).
 */
export function parseProcess(pid: number, stat: string, cmdline: string) {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
	const field = (number: number) => Number(fields[number - 3]);
	return {
		pid,
		parent: field(4),
		argv: cmdline.split('\0').slice(0, -1),
		/** Start time of the process in clock ticks since boot. PID and start time identify a process even if its PID is reused. */
		startTicks: field(22),
		/** Processor time in seconds, used by the process and by the children that it has waited for. */
		cpu: (field(14) + field(15) + field(16) + field(17)) / TICKS_PER_SECOND,
	};
}

/** Returns the memory of a process in bytes: its proportional set size (smaps_rollup) or, if this is unreadable, its resident set size; 0 if neither is readable. */
export function memoryOf(pid: number): number {
	return Number(fieldOf(`/proc/${pid}/smaps_rollup`, 'Pss') ?? fieldOf(`/proc/${pid}/status`, 'VmRSS') ?? 0) * 1024;
}

/** Returns the first word after `NAME:` or `NAME` at the start of a line of a /proc file; undefined if no line starts with the name. */
function fieldOf(file: string, name: string): string | undefined {
	return new RegExp(`^${name}:?\\s+(\\w+)`, 'm').exec(readFile(file) ?? '')?.[1];
}

/** Returns a variable from the environment of a process, or '' if the variable is not set or this user cannot read the environment. */
export function variableOf(pid: number, name: string): string {
	const entries = (readFile(`/proc/${pid}/environ`) ?? '').split('\0');
	return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

/**
 * Returns the kernel's number of packets without a route in the network namespace of a process (net/ipv4/proc.c, net/ipv6/proc.c).
 * Returns 0 if the process is in the network namespace of this program, because the number then covers the whole host.
 */
export function unroutablePackets(pid: number): number {
	// An undefined namespace is one that this user may not read, such as that of confine, which is not dumpable (PR_SET_DUMPABLE in prctl(2)).
	// Return 0 for such a process, because it is not in the network namespace of a phase.
	if ([undefined, networkOf('self')].includes(networkOf(pid))) return 0;
	const [names = [], values = []] = (readFile(`/proc/${pid}/net/snmp`) ?? '')
		.split('\n')
		.filter((line) => line.startsWith('Ip:'))
		.map((line) => line.split(' '));
	const ipv6 = fieldOf(`/proc/${pid}/net/snmp6`, 'Ip6OutNoRoutes');
	return Number(values[names.indexOf('OutNoRoutes')] ?? 0) + Number(ipv6 ?? 0);
}

function networkOf(pid: number | 'self'): number | undefined {
	return stat(`/proc/${pid}/ns/net`)?.ino;
}

/** Returns the real UID of a process, or undefined if the process has ended. */
export function ownerOf(pid: number): number | undefined {
	const uid = fieldOf(`/proc/${pid}/status`, 'Uid');
	return uid === undefined ? undefined : Number(uid);
}

export function uptime(): number {
	return Number.parseFloat(readFile('/proc/uptime') ?? '');
}

/** True if this process is root with CAP_SYS_ADMIN (number 21 in linux/capability.h), so that Portage itself isolates phases. */
export function isIsolatingRoot(): boolean {
	const capabilities = BigInt(`0x${fieldOf('/proc/self/status', 'CapEff') ?? '0'}`);
	return process.geteuid?.() === 0 && ((capabilities >> 21n) & 1n) === 1n;
}
