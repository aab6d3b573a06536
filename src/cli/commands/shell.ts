// SPDX-License-Identifier: GPL-2.0-or-later
import { accessSync, chmodSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import script from '../../../hooks/shell.bash' with { type: 'text' };
import { UsageError, type Input } from '../command.ts';
import { runConfined } from '../../confine/run_confined.ts';
import { phaseNamed } from '../phase_arguments.ts';
import { packageContextOf } from '../../rules/phase_context.ts';
import { resolvePortage, type Configuration, type Resolved } from '../../portage/resolve_package.ts';
import { quote } from '../../util/environment.ts';
import { prefixOf } from '../prefix.ts';

export async function run({ values, words, command }: Input): Promise<number> {
	const [atom, word, tooMany] = words;
	if (atom === undefined || word === undefined || tooMany !== undefined) {
		throw new UsageError(
			'shell takes a package and a phase. Example: portcullis shell CATEGORY/PACKAGE-VERSION src_test',
		);
	}
	const phase = phaseNamed(word);
	const eprefix = prefixOf(values);
	const configuration = await resolvePortage(eprefix, atom);
	const { package: resolved, bin } = configuration;
	if (resolved === null) throw new Error(`Portage has no package ${atom}`);
	const saved = join(resolved.builddir, 'temp/environment');
	if (!existsSync(saved)) {
		throw new Error(
			`${saved} does not exist. Portage keeps the build directory if the build fails. To keep it always, build with FEATURES=keepwork`,
		);
	}
	accessSync(saved, constants.R_OK);

	const folder = mkdtempSync(join(tmpdir(), 'portcullis-shell-'));
	try {
		const rc = join(folder, 'rc.bash');
		chmodSync(folder, 0o755);
		writeFileSync(rc, script, { mode: 0o644 });
		const bash =
			command === undefined || command.length === 0
				? ['bash', '--rcfile', rc, '-i']
				: ['bash', '-c', 'source "$0" && "$@"', rc, ...command];
		const phaseContext = { ...packageContextOf(configuration), phase };
		return await runConfined(phaseContext, asUserOf(phase, configuration, resolved, bash), {
			eprefix,
			cpv: resolved.cpv,
			cwd: resolved.builddir,
			bestEffort: true,
			environment: {
				...process.env,
				...phaseVariables(resolved, eprefix, phase),
				PORTCULLIS_SHELL_ENVIRONMENT: saved,
				PORTCULLIS_SHELL_BIN: bin,
				PORTCULLIS_SHELL_TITLE: `${resolved.cpv} src_${phase}`,
			},
		});
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * Returns `bash` (a command line) or, if Portage runs the phase as another user (userpriv), a command that runs `bash` as that user. This user can write the saved
 * environment, so root must not source it. The command also gives bash a terminal of its own: in root's terminal, bash could type commands (TIOCSTI in ioctl_tty(2)),
 * and processes that outlive bash could read what root types.
 */
function asUserOf(
	phase: string,
	{ userpriv }: Configuration,
	{ restrict }: Resolved,
	bash: readonly string[],
): readonly string[] {
	if (userpriv === null || phase === 'install' || restrict.includes('userpriv')) return bash;
	const { uid, gid, groups } = userpriv;
	const asUser = [
		'setpriv',
		`--reuid=${uid}`,
		`--regid=${gid}`,
		`--groups=${[gid, ...groups].join()}`,
		'--inh-caps=-all',
		'--',
		...bash,
	];
	const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
	if (!isOnTerminal) return ['setsid', '--wait', ...asUser];
	// script(1) runs the command on a terminal of its own. It starts $SHELL, which may not be a POSIX shell.
	const line = asUser.map(quote).join(' ');
	return ['env', 'SHELL=/bin/sh', 'script', '--quiet', '--return', '--command', line, '/dev/null'];
}

/** Returns the variables that the saved environment lacks, because Portage sets them anew for each phase (PMS 11.1). */
function phaseVariables({ names, builddir }: Resolved, eprefix: string, phase: string): Record<string, string> {
	return {
		...names,
		EPREFIX: eprefix,
		PORTAGE_BUILDDIR: builddir,
		WORKDIR: join(builddir, 'work'),
		T: join(builddir, 'temp'),
		D: join(builddir, 'image/'),
		ED: join(builddir, 'image', eprefix, '/'),
		FILESDIR: join(builddir, 'files'),
		DISTDIR: join(builddir, 'distdir'),
		HOME: join(builddir, 'homedir'),
		EBUILD_PHASE: phase,
		EBUILD_PHASE_FUNC: `src_${phase}`,
	};
}
