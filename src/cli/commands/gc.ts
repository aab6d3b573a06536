import type { Input } from '../command.ts';
import { exitLikeChild, start } from '../../confine/spawn.ts';
import { encodeSecureEnvironment } from '../../confine/options.ts';
import { installation } from '../../installation/locate.ts';
import { UsageError } from '../usage.ts';

/** confine does it, as it does at the start of each phase; what it removed, and what it can't, it says itself. */
export async function run({ words }: Input): Promise<number> {
	if (words[0] !== undefined) throw new UsageError(`gc takes no argument, and was given "${words[0]}"`);
	return exitLikeChild(await start(installation().confine, ['--gc'], encodeSecureEnvironment(process.env)));
}
