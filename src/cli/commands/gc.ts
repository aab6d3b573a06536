// SPDX-License-Identifier: GPL-2.0-or-later
import { exitLikeChild, runForeground } from '../../confine/spawn.ts';
import { encodeSecureEnvironment } from '../../confine/options.ts';
import { installation } from '../../installation/paths.ts';

export async function run(): Promise<number> {
	return exitLikeChild(await runForeground(installation().confine, ['--gc'], encodeSecureEnvironment(process.env)));
}
