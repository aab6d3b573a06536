// SPDX-License-Identifier: GPL-2.0-or-later
import type { Input } from '../command.ts';
import { examine } from '../../doctor/examine.ts';
import { doctorText } from '../../doctor/print.ts';
import { probeSystem } from '../../doctor/system_info.ts';
import { print } from '../../util/output.ts';
import { screenOf } from '../../util/terminal.ts';
import { prefixOf } from '../prefix.ts';

export async function run({ values, flags }: Input): Promise<number> {
	const findings = await examine(await probeSystem(prefixOf(values)));
	const text = flags.has('json')
		? [JSON.stringify(findings)]
		: doctorText(findings, screenOf(process.stdout), flags.has('verbose'));
	print(text);
	return findings.some(({ state }) => state === 'error') ? 1 : 0;
}
