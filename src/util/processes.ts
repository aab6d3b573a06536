import { readdirSync, readFileSync } from 'node:fs';

export interface Process {
	readonly pid: number;
	readonly parent: number;
	readonly argv: readonly string[];
	/** in seconds since the machine started */
	readonly start: number;
	/** in seconds: its own, and that of the children it has waited for */
	readonly cpu: number;
}

/** The kernel counts in these for every program, whatever its own clock does (USER_HZ). */
const TICKS = 100;

/** Every live process that may be looked at; what ends meanwhile is left out. */
export function processes(proc = '/proc'): Process[] {
	return readdirSync(proc)
		.filter((name) => /^\d+$/.test(name))
		.flatMap((name) => {
			try {
				const stat = readFileSync(`${proc}/${name}/stat`, 'utf8');
				return [parse(Number(name), stat, readFileSync(`${proc}/${name}/cmdline`, 'utf8'))];
			} catch {
				return [];
			}
		})
		.filter((one): one is Process => one !== undefined);
}

/** proc(5): after the name in parentheses, which may hold anything, state is field 3, ppid 4, utime to cstime 14 to 17. */
export function parse(pid: number, stat: string, cmdline: string): Process | undefined {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
	const at = (number: number) => Number(fields[number - 3]);
	return {
		pid,
		parent: at(4),
		argv: cmdline.split('\0').slice(0, -1),
		start: at(22) / TICKS,
		cpu: (at(14) + at(15) + at(16) + at(17)) / TICKS,
	};
}

/** In bytes, shared pages counted in part where the kernel tells (smaps_rollup), else all that is resident. */
export function memoryOf(pid: number, proc = '/proc'): number {
	try {
		const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`${proc}/${pid}/smaps_rollup`, 'utf8'));
		if (pss !== null) return Number(pss[1]) * 1024;
	} catch {
		// Not ours, or gone.
	}
	try {
		return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`${proc}/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
	} catch {
		return 0;
	}
}

/** Of another process' environment, '' where it may not be read. */
export function variable(pid: number, name: string, proc = '/proc'): string {
	try {
		const entries = readFileSync(`${proc}/${pid}/environ`, 'utf8').split('\0');
		return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';
	} catch {
		return '';
	}
}

/** The real uid; undefined where the process is gone. */
export function owner(pid: number, proc = '/proc'): number | undefined {
	try {
		return Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`${proc}/${pid}/status`, 'utf8'))?.[1]);
	} catch {
		return undefined;
	}
}

/** in seconds */
export function uptime(proc = '/proc'): number {
	return Number.parseFloat(readFileSync(`${proc}/uptime`, 'utf8'));
}
