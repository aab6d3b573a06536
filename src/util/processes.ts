import { readdirSync } from 'node:fs';
import { readFile, stat } from './files.ts';

/** A live process, as /proc shows it. */
export interface Process {
	readonly pid: number;
	readonly parent: number;
	readonly argv: readonly string[];
	/** Start time in clock ticks since boot. Together with the PID it identifies a process. */
	readonly startTicks: number;
	/** Processor time in seconds, of the process and of the children it has waited for. */
	readonly cpu: number;
}

/** USER_HZ: the unit of the times in /proc/PID/stat. It is 100 for every program, on every configuration of the kernel. */
export const TICKS_PER_SECOND = 100;

/** All processes that this user may inspect. */
export function processes(): Process[] {
	return readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((name) => readProcess(Number(name)) ?? []);
}

/** One process, or undefined if it has ended or may not be inspected. */
export function readProcess(pid: number): Process | undefined {
	const stat = readFile(`/proc/${pid}/stat`);
	const cmdline = readFile(`/proc/${pid}/cmdline`);
	return stat === undefined || cmdline === undefined ? undefined : parseProcess(pid, stat, cmdline);
}

/**
 * Parses /proc/PID/stat and /proc/PID/cmdline; undefined for a zombie. The second field of stat, the name in parentheses, may contain
 * any character. After it: state is field 3, ppid 4, utime, stime, cutime and cstime are 14 to 17, starttime is 22 (proc_pid_stat(5)).
 */
export function parseProcess(pid: number, stat: string, cmdline: string): Process | undefined {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
	const field = (number: number) => Number(fields[number - 3]);
	return {
		pid,
		parent: field(4),
		argv: cmdline.split('\0').slice(0, -1),
		startTicks: field(22),
		cpu: (field(14) + field(15) + field(16) + field(17)) / TICKS_PER_SECOND,
	};
}

/** Memory of a process in bytes: the proportional set size if it can be read (smaps_rollup), otherwise the resident set size. */
export function memoryOf(pid: number): number {
	const pss = /^Pss:\s+(\d+) kB/m.exec(readFile(`/proc/${pid}/smaps_rollup`) ?? '')?.[1];
	return Number(pss ?? /^VmRSS:\s+(\d+) kB/m.exec(readFile(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024;
}

/** The value of a variable in the environment of a process; '' if it is not set or may not be read. */
export function variableOf(pid: number, name: string): string {
	const entries = (readFile(`/proc/${pid}/environ`) ?? '').split('\0');
	return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
}

/**
 * Packets without a route in the network namespace of a process, as the kernel counts them (net/ipv4/proc.c, net/ipv6/proc.c). 0 in the
 * namespace of this program.
 */
export function unroutablePackets(pid: number): number {
	if (networkOf(pid) === networkOf('self')) return 0;
	const [names = [], values = []] = (readFile(`/proc/${pid}/net/snmp`) ?? '')
		.split('\n')
		.filter((line) => line.startsWith('Ip:'))
		.map((line) => line.split(' '));
	const ipv6 = /^Ip6OutNoRoutes\s+(\d+)/m.exec(readFile(`/proc/${pid}/net/snmp6`) ?? '')?.[1];
	return Number(values[names.indexOf('OutNoRoutes')] ?? 0) + Number(ipv6 ?? 0);
}

function networkOf(pid: number | 'self'): number | undefined {
	return stat(`/proc/${pid}/ns/net`)?.ino;
}

/** The real UID of a process, or undefined if it has ended. */
export function ownerOf(pid: number): number | undefined {
	const uid = /^Uid:\s+(\d+)/m.exec(readFile(`/proc/${pid}/status`) ?? '')?.[1];
	return uid === undefined ? undefined : Number(uid);
}

/** Seconds since boot. */
export function uptime(): number {
	return Number.parseFloat(readFile('/proc/uptime') ?? '');
}
