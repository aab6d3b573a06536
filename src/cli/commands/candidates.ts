// SPDX-License-Identifier: GPL-2.0-or-later
import { existsSync } from 'node:fs';
import { installation } from '../../installation/paths.ts';
import { makeConf } from '../../portage/make_conf.ts';
import { recordedPackages } from '../../records/reader.ts';
import { namesIn } from '../../util/files.ts';
import { isPackage, withoutVersion } from '../../util/grammar.ts';
import { print } from '../../util/output.ts';
import { listed, UsageError, type Input, type Listed } from '../command.ts';

/** Functions that return the lists of `portcullis candidates`. The functions do not start Portage, because a completion should take at most 0.1 s. */
const lists: Readonly<Record<Listed, (eprefix: string) => string[]>> = {
	installed: (eprefix) => packageFolders(`${eprefix}/var/db/pkg`).map(withoutVersion),
	recorded: recordedPackages,
	kept: (eprefix) => {
		const builds = `${makeConf(eprefix, 'PORTAGE_TMPDIR') ?? `${eprefix}/var/tmp`}/portage`;
		return packageFolders(builds).filter((name) => existsSync(`${builds}/${name}/temp/environment`));
	},
};

export function run({ words: [word] }: Input): number {
	const kind = listed.find((one) => one === word);
	if (kind === undefined) throw new UsageError(`candidates takes one of ${listed.join(', ')}`);
	print([...new Set(lists[kind](installation().eprefix))]);
	return 0;
}

/** Lists the folders CATEGORY/NAME in `top`. Omits invalid names, because they may contain characters that the shell expands. */
function packageFolders(top: string): string[] {
	const names = namesIn(top).flatMap((category) => namesIn(`${top}/${category}`).map((name) => `${category}/${name}`));
	return names.filter(isPackage);
}
