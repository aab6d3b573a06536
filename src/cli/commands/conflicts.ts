import { findConflicts, flag } from '../../conflicts/detect.ts';
import type { Input } from '../command.ts';
import { buildContextOf } from '../../conflicts/build_context.ts';
import { words } from '../../util/environment.ts';
import { environmentOf } from '../../rules/phase_context.ts';
import { print } from '../../util/output.ts';
import { problem, resolve } from '../../rules/settings.ts';
import { render } from '../../messages/phase_messages.ts';
import { UsageError } from '../usage.ts';
import { lookedUp } from './destinations.ts';

/** What the hook hands over comes as options: EAPI 9 exports none of it. */
export async function run({ values, flags, words: rest }: Input): Promise<number> {
	const { package: cpv, features, setting = '', unpack = '', allow = '' } = values;
	if (cpv === undefined || features === undefined || rest.length > 0) {
		throw new UsageError('conflicts needs --package CATEGORY/PF and --features LIST, and takes no argument');
	}
	const wrong = problem('PORTCULLIS_CONFLICT', setting) ?? problem('PORTCULLIS_UNPACK', unpack);
	if (wrong !== undefined) throw new UsageError(wrong);
	const phaseContext = {
		phase: '',
		from: 'ebuild',
		features: words(features),
		restrict: words(values['restrict']),
		properties: words(values['properties']),
		settings: resolve({ PORTCULLIS_CONFLICT: setting, PORTCULLIS_UNPACK: unpack, PORTCULLIS_ALLOW: allow }),
	};
	const environment = environmentOf(flags);
	const context = buildContextOf(environment, phaseContext.features, phaseContext.settings.PORTCULLIS_ALLOW);
	const found = findConflicts(phaseContext, context);
	print([`found ${found.map(({ conflict }) => conflict.name).join(' ')}`]);
	const known = words(values['known']);
	const news = found.filter(({ conflict }) => !known.includes(conflict.name));
	print(flag(news, cpv, phaseContext.settings.PORTCULLIS_CONFLICT, context).map(render));
	// Tells a complete answer from a broken one.
	print(['done']);
	if (allow !== '' && phaseContext.features.includes('network-sandbox')) {
		print([...(await lookedUp(allow, cpv, phaseContext.features, environment)), 'done']);
	}
	return 0;
}
