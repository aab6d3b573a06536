import { featureOf } from '../rules/features.ts';
import { stripControls } from '../util/output.ts';
import type { RunRecord } from '../records/schema.ts';
import { settingOf } from '../rules/settings.ts';
import { networkMessages } from './network.ts';
import { capLines, commandOf, subject, type Line } from './message.ts';

/**
 * The messages about a phase; none for a phase without incidents. `refused`: confine did not start the phase, because a required
 * confinement was not available.
 */
export function phaseMessages(record: RunRecord, refused = false): Line[] {
	return [...missing(record, refused), ...limit(record), ...orphans(record), ...networkMessages(record)];
}

/** One line for Portage's functions. They use `echo -e`, so the line must not contain an escape sequence or a newline. */
export function render({ verb, text }: Line): string {
	return `${verb} ${stripControls(text).replaceAll('\\', '\\\\')}`;
}

function missing(record: RunRecord, refused: boolean): Line[] {
	const all = record.missing;
	if (all.length === 0) return [];
	if (refused) return [{ verb: 'die', text: `${names(all)} is not available here: ${reasons(all)}` }];
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

const fixes =
	'run `portcullis doctor` to find the cause, or set PORTCULLIS_ON_FAILURE="die" in make.conf to stop the build instead';

function sandboxes(record: RunRecord, missing: RunRecord['missing']): Line[] {
	if (missing.length === 0) return [];
	const reason = reasons(missing);
	return [
		{
			verb: 'elog',
			text: `${subject(record)} runs without ${names(missing)}: ${reason}. Other packages are affected too (this message appears once per emerge): ${fixes}.`,
			once: reason,
		},
	];
}

/** Printed once per package, because limits may differ between packages. The key omits the reasons: with userpriv they differ by phase. */
function limits(record: RunRecord, missing: RunRecord['missing']): Line[] {
	if (missing.length === 0) return [];
	const what = names(missing);
	return [
		{
			verb: 'elog',
			text: `${subject(record)} runs without ${what}: ${reasons(missing)}. Other phases are affected too (this message appears once per package): ${fixes}.`,
			once: `${record.package} ${what}`,
		},
	];
}

function limit(record: RunRecord): Line[] {
	if (record.limit === undefined) return [];
	const owner = record.limitInherited ? 'the limit of the whole build' : 'its limit';
	const effect = record.limit === 'pids.max' ? 'could not start more processes' : 'was killed';
	const variable = settingOf(record.limit);
	const fix = variable === undefined ? '' : `. Raise ${variable} in make.conf or package.env`;
	return [{ verb: 'ewarn', text: `${subject(record)} reached ${owner}, ${record.limit}, and ${effect}${fix}` }];
}

function orphans(record: RunRecord): Line[] {
	// Processes that still exist come first, because only the first lines are printed.
	const stuckFirst = [...record.orphans].sort(
		(one, other) => Number(other.stuck === true) - Number(one.stuck === true),
	);
	return capLines(record, stuckFirst, record.orphanCount, (one) => {
		const what = `${commandOf(one)} (pid ${one.pid}, ${one.age.toFixed(0)} s old)`;
		return {
			verb: 'ewarn',
			text:
				one.stuck === true
					? `${subject(record)} left a process behind that SIGKILL has not ended yet: ${what}. The process waits in the kernel for a disk or a file system that does not respond`
					: `${subject(record)} left a process behind, and it was killed: ${what}`,
		};
	});
}

function reasons(missing: RunRecord['missing']): string {
	return [...new Set(missing.map(({ why }) => why))].join('; ');
}

/** The words of FEATURES or the variables that the user set. */
function names(missing: RunRecord['missing']): string {
	return missing.map(({ what }) => settingOf(what) ?? featureOf(what)).join(' and ');
}
