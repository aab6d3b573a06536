import { execa } from 'execa';
import ask from '../../hooks/current_settings.py' with { type: 'text' };
import { assignments, packageOf, type Environment } from '../util/environment.ts';
import { settingNames } from '../rules/settings.ts';

/**
 * PORTCULLIS_* for the package of this environment as make.conf and package.env have them now, from Portage itself: half a
 * second. undefined where it can't be asked.
 */
export async function askPortage(environment: Environment): Promise<Record<string, string> | undefined> {
	const { stdout, failed } = await execa({ reject: false })(
		environment['PORTAGE_PYTHON'] ?? 'python3',
		[
			'-I',
			'-c',
			ask,
			environment['PORTAGE_PYM_PATH'] ?? '',
			packageOf(environment),
			environment['SLOT'] ?? '0',
			environment['PORTAGE_REPO_NAME'] ?? '',
			environment['EAPI'] ?? '0',
			...settingNames,
		],
		{ env: environment, extendEnv: false },
	);
	const lines = stdout.split('\n');
	return !failed && lines.pop() === 'complete' ? assignments(lines) : undefined;
}
