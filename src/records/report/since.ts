import { UsageError } from '../../cli/usage.ts';

const seconds: Readonly<Record<string, number>> = { m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** A time as a person writes it, as the records have theirs: ISO 8601 in UTC. */
export function sinceTime(text: string, now: Date): string {
	const back = /^(\d{1,6})\s*(min|m|h|d|w)$/.exec(text.trim());
	if (back !== null)
		return new Date(now.getTime() - Number(back[1]) * 1000 * (seconds[back[2] ?? ''] ?? 0)).toISOString();
	if (text === 'today' || text === 'yesterday') {
		const day = now.getDate() - (text === 'today' ? 0 : 1);
		return new Date(now.getFullYear(), now.getMonth(), day).toISOString();
	}
	const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text.trim());
	if (date !== null) {
		// Without a zone it is the time of the clock on the wall.
		const time = new Date(`${date[1] ?? ''}T${date[2] ?? '00:00'}${date[3] ?? ''}`);
		if (!Number.isNaN(time.getTime())) return time.toISOString();
	}
	throw new UsageError(
		`--since ${text} is no time: it can be 30m, 12h, 3d or 2w back, today, yesterday, 2026-11-20 or 2026-11-20T21:50`,
	);
}
