import { decide, type PhaseContext } from './decide.ts';
import { features } from './features.ts';

/**
 * Whether a phase is watched: by default where its network is ours to isolate. `only` watches what network-sandbox would isolate,
 * whether FEATURES names it or not.
 */
export function audited(phaseContext: PhaseContext): boolean {
	const { settings } = phaseContext;
	if (settings.PORTCULLIS_AUDIT === 'off') return false;
	if (settings.PORTCULLIS_AUDIT === 'on') return decide(phaseContext).net.confined;
	const asked = { ...phaseContext, features: [features.net], settings: { ...settings, PORTCULLIS_AUDIT: 'on' } };
	return decide(asked).net.confined;
}
