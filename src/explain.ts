import { decide, type Facts } from './decision.ts';
import { features } from './features.ts';
import { confinements, isSrcPhase } from './phases.ts';

/** One line a feature: what this phase gets, and the rule that says so. */
export function explain(facts: Facts): string[] {
	const decision = decide(facts);
	return confinements.map((what) => {
		const { confined, rule } = decision[what];
		return `${label(facts.phase).padEnd(14)} ${features[what].padEnd(16)} ${(confined ? 'yes' : 'no').padEnd(4)} ${rule}`;
	});
}

/** The function's name, which is what an ebuild's author knows. */
function label(phase: string): string {
	return `${isSrcPhase(phase) ? 'src' : 'pkg'}_${phase}`;
}
