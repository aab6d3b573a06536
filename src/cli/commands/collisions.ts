import { findCollisions, flag } from '../../conflicts/detect.ts';
import type { Input } from '../command.ts';
import { aroundOf } from '../../conflicts/build_context.ts';
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
		throw new UsageError('collisions needs --package CATEGORY/PF and --features LIST, and takes no argument');
	}
	const wrong = problem('PORTCULLIS_COLLISION', setting) ?? problem('PORTCULLIS_UNPACK', unpack);
	if (wrong !== undefined) throw new UsageError(wrong);
	const facts = {
		phase: '',
		from: 'ebuild',
		features: words(features),
		restrict: words(values['restrict']),
		properties: words(values['properties']),
		settings: resolve({ PORTCULLIS_COLLISION: setting, PORTCULLIS_UNPACK: unpack, PORTCULLIS_ALLOW: allow }),
	};
	const environment = environmentOf(flags);
	const around = aroundOf(environment, facts.features, facts.settings.PORTCULLIS_ALLOW);
	const found = findCollisions(facts, around);
	print([`found ${found.map(({ collision }) => collision.name).join(' ')}`]);
	const known = words(values['known']);
	const news = found.filter(({ collision }) => !known.includes(collision.name));
	print(flag(news, cpv, facts.settings.PORTCULLIS_COLLISION, around).map(render));
	// Tells a complete answer from a broken one.
	print(['done']);
	if (allow !== '' && facts.features.includes('network-sandbox')) {
		print([...(await lookedUp(allow, cpv, facts.features, environment)), 'done']);
	}
	return 0;
}
