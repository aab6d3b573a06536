// SPDX-License-Identifier: GPL-2.0-or-later
/** Formats a duration: 0.4 s, 12 s, 3 min 20 s, 2 h 05 min, 3 d 4 h. */
export function duration(seconds: number): string {
	if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
	if (whole < 86400) return `${Math.floor(whole / 3600)} h ${pad(Math.floor(whole / 60) % 60)} min`;
	return `${Math.floor(whole / 86400)} d ${Math.floor(whole / 3600) % 24} h`;
}

/** Formats a number of bytes: 512 B, 3.4 MiB, 12 GiB. */
export function bytes(count: number): string {
	const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
	let unit = 0;
	let value = count;
	while (value >= 1023.5 && unit < units.length - 1) {
		value /= 1024;
		unit++;
	}
	return `${unit === 0 || value >= 9.95 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** Formats a number with its noun in the singular or plural: 1 process, 2 processes. */
export function count(number: number, one: string, many = `${one}s`): string {
	return `${number} ${number === 1 ? one : many}`;
}

/** Formats the time from `then` to `now`, both in milliseconds since 1970: just now, 5 min ago, 3 h ago, 2 d ago. */
export function ago(then: number, now: number): string {
	const seconds = Math.max(0, (now - then) / 1000);
	if (seconds < 60) return 'just now';
	if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
	if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
	return `${Math.floor(seconds / 86400)} d ago`;
}

/** Converts the time of a record (ISO 8601 in UTC) to local time: 2026-11-24 21:50. */
export function localTime(time: string): string {
	const date = new Date(time);
	const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
	return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

function pad(number: number): string {
	return String(number).padStart(2, '0');
}

/** Joins items to a list such as `a, b and c`. */
export function enumerate(items: readonly string[]): string {
	return [items.slice(0, -1).join(', '), items.at(-1) ?? ''].filter(Boolean).join(' and ');
}

/** Returns the sum of two counts, limited to the range of exact integers. A forged count could exceed this range. */
export function add(total: number, more: number): number {
	return Math.min(total + more, Number.MAX_SAFE_INTEGER);
}

export function sumOf<Item>(items: readonly Item[], size: (item: Item) => number): number {
	return items.reduce((sum, item) => add(sum, size(item)), 0);
}
