import { decide, type Facts } from './decide.ts';
import { features } from './features.ts';

/**
 * Whether a phase is watched: by default where its network is ours to isolate. `only` watches what network-sandbox would isolate,
 * whether FEATURES names it or not.
 */
export function audited(facts: Facts): boolean {
	const { settings } = facts;
	if (settings.PORTCULLIS_AUDIT === 'off') return false;
	if (settings.PORTCULLIS_AUDIT === 'on') return decide(facts).net.confined;
	const asked = { ...facts, features: [features.net], settings: { ...settings, PORTCULLIS_AUDIT: 'on' } };
	return decide(asked).net.confined;
}
