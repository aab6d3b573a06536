// SPDX-License-Identifier: GPL-2.0-or-later
import { audited, decide, granted, type PhaseContext } from '../rules/decide.ts';
import { buildContextOf, isSocket } from '../conflicts/build_context.ts';
import type { Environment } from '../util/environment.ts';
import { settingNames, settings, type Settings } from '../rules/settings.ts';

/** Returns confine's options for PORTCULLIS_ALLOW and for Portage's proxy; [] for a phase that keeps the network. */
export async function allowFor(phaseContext: PhaseContext, environment: Environment): Promise<string[]> {
	if (!decide(phaseContext).net.confined) return [];
	const { settings: chosen, features } = phaseContext;
	const options: string[] = [];
	if (chosen.PORTCULLIS_ALLOW !== '') {
		const { allowOptions, destinations } = await import('./destinations.ts');
		const found = await destinations(chosen.PORTCULLIS_ALLOW, buildContextOf(environment, features));
		options.push(...allowOptions(found).flat());
	}
	const proxy = environment['PORTAGE_SOCKS5_PROXY'] ?? '';
	return [...options, ...(proxy !== '' && isSocket(proxy) ? ['--socks', proxy] : [])];
}

/**
 * Returns the options of confine for a phase of the package `cpv` (CATEGORY/PF), without options that name files; [] if the phase gets no
 * sandbox and no audit. `allow` is the result of allowFor().
 */
export function confineOptions(cpv: string, phaseContext: PhaseContext, allow: readonly string[] = []): string[] {
	const { phase, settings: chosen } = phaseContext;
	const options = granted(decide(phaseContext)).flatMap((what) => {
		if (what === 'net')
			return ['--net', ...families(chosen), ...(chosen.PORTCULLIS_SOCKETS === 'own' ? ['--own-sockets'] : [])];
		if (what !== 'cgroup') return [`--${what}`];
		return ['--cgroup', `${phase}_${cpv.replaceAll('/', '_')}`, ...limits(chosen)];
	});
	if (audited(phaseContext)) options.push('--audit');
	if (options.length === 0) return [];
	options.push(...allow);
	if (phaseContext.fakeroot) options.push('--label', `fakeroot=${phaseContext.fakeroot}`);
	const failure = chosen.PORTCULLIS_ON_FAILURE === 'die' ? '--require' : '--best-effort';
	return [...options, failure, '--label', `package=${cpv}`, '--label', `phase=${phase}`];
}

function families({ PORTCULLIS_FAMILIES: list }: Settings): string[] {
	return list === '' ? [] : ['--families', list.replaceAll(' ', ',')];
}

function limits(chosen: Settings): string[] {
	return settingNames.flatMap((name) => {
		const row = settings[name];
		return 'limit' in row && chosen[name] !== '' ? ['--limit', `${row.limit}=${chosen[name]}`] : [];
	});
}

/** Matches the variables that the dynamic loader removes or ignores for a setuid program (ld.so(8), "secure-execution mode"). */
const secureVariables =
	/^(LD_|MALLOC_|(GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TMPDIR|TZDIR)$)/;

/** Returns the environment for confine, with a copy CONFINE_ENV_X of each variable X that the loader removes. confine restores X. */
export function encodeSecureEnvironment(environment: Environment): Environment {
	const secure = Object.entries(environment).filter(([name]) => secureVariables.test(name));
	return { ...environment, ...Object.fromEntries(secure.map(([name, value]) => [`CONFINE_ENV_${name}`, value])) };
}
