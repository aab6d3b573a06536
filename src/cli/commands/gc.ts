// SPDX-License-Identifier: GPL-2.0-or-later
import type { Input } from '../command.ts';
import { exitLikeChild, runForeground } from '../../confine/spawn.ts';
import { encodeSecureEnvironment } from '../../confine/options.ts';
import { installation } from '../../installation/locate.ts';
import { UsageError } from '../usage.ts';

/** Runs `confine --gc`, which removes the cgroups that a killed confine has left, and prints what it removed. */
export async function run({ words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`gc takes no argument, but got "${words[0]}"`);
	return exitLikeChild(await runForeground(installation().confine, ['--gc'], encodeSecureEnvironment(process.env)));
}
