import { featureOf } from '../rules/features.ts';
import { doctor, optOutHint } from '../hook/render.ts';
import { stripControls } from '../util/output.ts';
import type { RunRecord } from '../records/schema.ts';
import { settingOf } from '../rules/settings.ts';
import { networkMessages } from './network.ts';
import { capped, commandOf, subject, type Line } from './message.ts';

/**
 * What the user should hear about a phase. Nothing, where nothing happened. `refused`: confine did not start it, since
 * what was missing was demanded.
 */
export function phaseMessages(record: RunRecord, refused = false): Line[] {
	return [...missing(record, refused), ...limit(record), ...orphans(record), ...networkMessages(record)];
}

/** One line for Portage's functions, which hand their text to `echo -e`: nothing in it may be an escape or an end of line. */
export function render({ verb, text }: Line): string {
	return `${verb} ${stripControls(text).replaceAll('\\', '\\\\')}`;
}

function missing(record: RunRecord, refused: boolean): Line[] {
	const all = record.missing;
	if (all.length === 0) return [];
	if (refused) return [{ verb: 'die', text: `${names(all)} can't be had here: ${reasons(all)}` }];
	return [
		...sandboxes(
			record,
			all.filter(({ what }) => settingOf(what) === undefined),
		),
		...limits(
			record,
			all.filter(({ what }) => settingOf(what) !== undefined),
		),
	];
}

function sandboxes(record: RunRecord, missing: RunRecord['missing']): Line[] {
	if (missing.length === 0) return [];
	const reason = reasons(missing);
	return [
		{
			verb: 'elog',
			text: `${subject(record)} is built without ${names(missing)}: ${reason}. What else needs that goes without it too, and this is said once an emerge; PORTCULLIS_ON_FAILURE=die in make.conf stops instead. ${doctor} ${optOutHint}`,
			once: reason,
		},
	];
}

/** Limits may differ from package to package, so that each hears of its own; under userpriv so do the reasons, from phase to phase. */
function limits(record: RunRecord, missing: RunRecord['missing']): Line[] {
	if (missing.length === 0) return [];
	const what = names(missing);
	return [
		{
			verb: 'elog',
			text: `${subject(record)} is built without the limit of ${what}: ${reasons(missing)}. So are its other phases, and this is said once a package; portcullis doctor tells what a limit needs, and PORTCULLIS_ON_FAILURE=die in make.conf stops instead.`,
			once: `${record.package} ${what}`,
		},
	];
}

function limit(record: RunRecord): Line[] {
	if (record.limit === undefined) return [];
	const variable = settingOf(record.limit);
	const refused = record.limitInherited
		? "was refused processes by the whole build's limit"
		: 'was refused processes by its limit';
	const killed = record.limitInherited ? "was killed by the whole build's limit" : 'was killed by its limit';
	const what = record.limit === 'pids.max' ? refused : killed;
	const remedy = variable === undefined ? '' : `: raise ${variable} in make.conf or package.env`;
	return [{ verb: 'ewarn', text: `${subject(record)} ${what} ${record.limit}${remedy}` }];
}

function orphans(record: RunRecord): Line[] {
	// Those that are still there first: what is capped is the rest.
	const stuckFirst = [...record.orphans].sort(
		(one, other) => Number(other.stuck === true) - Number(one.stuck === true),
	);
	return capped(stuckFirst, record.orphanCount, (one) => {
		const what = `${commandOf(one)} (pid ${one.pid}, ${one.age.toFixed(0)} s old)`;
		return {
			verb: 'ewarn',
			text:
				one.stuck === true
					? `${subject(record)} left a process behind that SIGKILL has not ended yet: ${what}. It waits in the kernel, for a disk or a file system that does not answer, and ends when that does`
					: `${subject(record)} left a process behind, and it was killed: ${what}`,
		};
	});
}

function reasons(missing: RunRecord['missing']): string {
	return [...new Set(missing.map(({ why }) => why))].join('; ');
}

/** The words that the user has written for them. */
function names(missing: RunRecord['missing']): string {
	return missing.map(({ what }) => settingOf(what) ?? featureOf(what)).join(' and ');
}
