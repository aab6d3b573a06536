import { features } from './features.ts';
import { wayOut } from './hook.ts';
import { confinements } from './phases.ts';
import type { RunRecord } from './record.ts';
import { settingNames, settings } from './settings.ts';
import { reached } from './tell/reached.ts';
import { capped, commandOf, subject, type Line } from './tell/line.ts';

/**
 * What the user should hear about a phase. Nothing, where nothing happened. `refused`: confine did not start it, since
 * what was missing was demanded.
 */
export function tell(record: RunRecord, refused = false): Line[] {
	return [...missing(record, refused), ...limit(record), ...orphans(record), ...reached(record)];
}

/** One line for Portage's functions, which hand their text to `echo -e`: nothing in it may be an escape or an end of line. */
export function render({ verb, text }: Line): string {
	// eslint-disable-next-line no-control-regex -- they come from command lines of the build, and go to a terminal
	return `${verb} ${text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?').replaceAll('\\', '\\\\')}`;
}

function missing(record: RunRecord, refused: boolean): Line[] {
	if (record.missing.length === 0) return [];
	const whys = [...new Set(record.missing.map(({ why }) => why))];
	const what = record.missing.map(({ what }) => name(what)).join(' and ');
	const reason = whys.join('; ');
	if (refused) return [{ verb: 'die', text: `${what} can't be had here: ${reason}` }];
	return [
		{
			verb: 'elog',
			text: `${subject(record)} is built without ${what}: ${reason}. What else needs that goes without it too, and this is said once an emerge; PORTCULLIS_ON_FAILURE=die in make.conf stops instead. ${wayOut}`,
			once: reason,
		},
	];
}

function limit(record: RunRecord): Line[] {
	if (record.limit === undefined) return [];
	const variable = settingNames.find((one) => 'limit' in settings[one] && settings[one].limit === record.limit);
	const what = record.limit === 'pids.max' ? 'was refused processes by its limit' : 'was killed by its limit';
	const remedy = variable === undefined ? '' : `: raise ${variable} in make.conf or package.env`;
	return [{ verb: 'ewarn', text: `${subject(record)} ${what} ${record.limit}${remedy}` }];
}

function orphans(record: RunRecord): Line[] {
	return capped(record.orphans, record.orphanCount, (one) => ({
		verb: 'ewarn',
		text: `${subject(record)} left a process behind, and it was killed: ${commandOf(one)} (pid ${one.pid}, ${one.age.toFixed(0)} s old)`,
	}));
}

function name(what: string): string {
	const found = confinements.find((one) => one === what);
	return found === undefined ? what : features[found];
}
