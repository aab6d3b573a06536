// SPDX-License-Identifier: GPL-2.0-or-later
import type { RunRecord } from '../records/schema.ts';
import { problem } from '../rules/settings.ts';
import { addWords } from '../portage/make_conf.ts';
import { withoutVersion } from '../util/grammar.ts';
import { count, sumOf } from '../util/units.ts';
import { hostServiceAt } from './host_services.ts';
import { firstOf, inPackageEnv, label, reportDetails, subject, type Line } from './message.ts';

const maxPrograms = 3;

/** Returns the messages about requests to UNIX sockets of the host: refused requests, except to common services, and requests to risky services. */
export function socketMessages(record: RunRecord): Line[] {
	const notable = record.sockets.filter(({ path, refused }) => {
		const kind = hostServiceAt(path)?.kind;
		return refused ? kind !== 'common' : kind === 'risky';
	});
	if (notable.length === 0) return [];
	const isRefused = notable.some(({ refused }) => refused);
	const isFailed = isRefused && !('exit' in record.status && record.status.exit === 0);
	const total = sumOf(notable, (one) => one.count);
	const fact = isRefused
		? 'to sockets of the host refused'
		: 'to services of the host that hold keys or start programs';
	const requests = notable.map((request) => `${label(request)} → ${request.path}`);
	const list = firstOf(requests, maxPrograms, '; ');
	// A build chooses the paths, so the fix contains only those that are valid in PORTCULLIS_ALLOW.
	const entries = notable
		.map(({ path }) => `unix:${path}`)
		.filter((entry) => problem('PORTCULLIS_ALLOW', entry) === undefined);
	const setting = addWords('PORTCULLIS_ALLOW', [...new Set(entries)].slice(0, maxPrograms));
	const file = `allow-sockets-${withoutVersion(record.package).replace('/', '_')}.conf`;
	const fix = `  To permit these sockets on this machine, ${inPackageEnv(record, setting, file)}`;
	return [
		{
			verb: isFailed ? 'ewarn' : 'eqawarn',
			text: `${subject(record)}: ${count(total, 'request')} ${fact} (${list})`,
			details: reportDetails(record),
		},
		...(isFailed && entries.length > 0 ? [{ verb: 'ewarn', text: fix } as const] : []),
	];
}
