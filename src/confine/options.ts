import { audited } from '../rules/audit.ts';
import { decide, granted, type Facts } from '../rules/decide.ts';
import { aroundOf, isSocket } from '../conflicts/build_context.ts';
import { packageOf, type Environment } from '../util/environment.ts';
import { factsOf } from '../rules/phase_context.ts';
import { settingNames, settings, type Settings } from '../rules/settings.ts';

/**
 * confine's options for the phase that this environment describes, without those that say where files are; none where
 * there is nothing to confine. An error names a setting that is wrong.
 */
export async function optionsFor(environment: Environment): Promise<string[]> {
	const facts = await factsOf(environment);
	return confineOptions(packageOf(environment), facts, await allowFor(facts, environment));
}

/** What PORTCULLIS_ALLOW adds where the network is isolated; looked up now, unlike the hook, which does it once a package. */
export async function allowFor(facts: Facts, environment: Environment): Promise<string[]> {
	if (facts.settings.PORTCULLIS_ALLOW === '' || !decide(facts).net.confined) return [];
	const { allowOptions, destinations } = await import('./destinations.ts');
	const found = await destinations(facts.settings.PORTCULLIS_ALLOW, aroundOf(environment, facts.features));
	const proxy = environment['PORTAGE_SOCKS5_PROXY'] ?? '';
	return [...allowOptions(found).flat(), ...(proxy !== '' && isSocket(proxy) ? ['--socks', proxy] : [])];
}

/** The same for facts that came another way. */
export function confineOptions(cpv: string, facts: Facts, allow: readonly string[] = []): string[] {
	const { phase, settings: chosen } = facts;
	const options = granted(decide(facts)).flatMap((what) => {
		if (what === 'net') return ['--net', ...families(chosen)];
		if (what !== 'cgroup') return [`--${what}`];
		return ['--cgroup', `${phase}_${cpv.replaceAll('/', '_')}`, ...limits(chosen)];
	});
	if (audited(facts)) options.push('--audit');
	if (options.length === 0) return [];
	options.push(...allow);
	if (facts.fakeroot) options.push('--label', `fakeroot=${facts.fakeroot}`, '--chown-eperm');
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

/** The variables that the loader keeps from a set-id program (ld.so(8), "secure-execution mode"). */
const stripped =
	/^(LD_|MALLOC_|(GCONV_PATH|GETCONF_DIR|GLIBC_TUNABLES|HOSTALIASES|LOCALDOMAIN|LOCPATH|NIS_PATH|NLSPATH|RESOLV_HOST_CONF|RES_OPTIONS|TMPDIR|TZDIR)$)/;

/** The environment for confine: what the loader strips goes along under a name that it doesn't know. */
export function carried(environment: Environment): Record<string, string> {
	return Object.fromEntries(
		Object.entries(environment).flatMap(([name, value]) => {
			if (value === undefined) return [];
			const own: [string, string] = [name, value];
			return stripped.test(name) ? [own, [`CONFINE_ENV_${name}`, value]] : [own];
		}),
	);
}
