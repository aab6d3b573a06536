// SPDX-License-Identifier: GPL-2.0-or-later
import bash from '../completion/portcullis.bash' with { type: 'text' };
import fish from '../completion/portcullis.fish' with { type: 'text' };
import zsh from '../completion/portcullis.zsh' with { type: 'text' };
import { UsageError, type Input } from '../command.ts';
import { print } from '../../util/output.ts';
import { suggestion } from '../../util/suggestion.ts';

const scripts = new Map(Object.entries({ bash, zsh, fish }));

export function run({ words: [name = ''] }: Input): number {
	const script = scripts.get(name);
	if (script === undefined) {
		const known = [...scripts.keys()];
		throw new UsageError(`completion takes one of ${known.join(', ')}${suggestion(name, known)}`);
	}
	print(script.trimEnd().split('\n'));
	return 0;
}
