// SPDX-License-Identifier: GPL-2.0-or-later
import { renderHook } from '../hook/render.ts';
import { block, nodeOf, paths } from '../installation/paths.ts';
import { portcullis } from '../messages/message.ts';
import { isFolder, readFile } from '../util/files.ts';
import { error, ok, warning, type Finding } from './finding.ts';

const begin = '# >>> portcullis >>>';
const end = '# <<< portcullis <<<';

/** Reports whether the hook is installed, has this version, and comes first in EPREFIX/etc/portage/bashrc. */
export function hookFindings(eprefix: string): Finding[] {
	return [phaseFinding(eprefix, paths(eprefix).hook), bashrcFinding(eprefix)];
}

export const reinstall = 'Run install.sh again, or `emerge app-portage/portcullis`.';

function phaseFinding(eprefix: string, hook: string): Finding {
	const title = 'Hook';
	const text = readFile(hook);
	if (text === undefined)
		return error('hook', title, `${hook} does not exist: Portcullis confines nothing.`, reinstall, [hook]);
	if (text === renderHook(eprefix, nodeOf(text))) return ok('hook', title, 'installed, current version', [hook]);
	const fix = `${reinstall} To see the difference: \`${portcullis('hook')} | diff ${hook} -\`.`;
	return error('hook', title, `${hook} was edited or is of another version.`, fix, [hook]);
}

/** Reports whether the bashrc of EPREFIX, or of another PORTAGE_CONFIGROOT such as that of crossdev, sources the hook first. */
export function bashrcFinding(eprefix: string, configroot = eprefix): Finding {
	const bashrc = `${configroot}/etc/portage/bashrc`;
	const isOther = configroot !== eprefix;
	const id = isOther ? 'bashrc-configroot' : 'bashrc';
	const title = isOther ? `bashrc of PORTAGE_CONFIGROOT=${configroot}` : 'bashrc';
	const insert = `Insert the output of \`${portcullis('hook', '--block')}\` at the top of ${bashrc}.`;
	const fix = isOther ? insert : reinstall;
	if (isFolder(bashrc)) {
		const meaning = `${bashrc} is a directory, which Portage ignores: Portcullis confines nothing.`;
		const rename = 'Rename the directory to bashrc.d, and write a file bashrc that sources the files in bashrc.d.';
		return error(id, title, meaning, `${rename} ${fix}`, [bashrc]);
	}
	const text = readFile(bashrc);
	const start = text?.indexOf(begin) ?? -1;
	if (text === undefined || start < 0) {
		const reason = text === undefined ? 'does not exist' : 'does not source the hook';
		return error(id, title, `${bashrc} ${reason}: Portcullis confines nothing.`, fix, [bashrc]);
	}
	const stop = text.indexOf(end, start);
	const found = text.slice(start, stop < 0 ? undefined : stop + end.length + 1);
	if (found.replace(/\r/g, '').trim() !== block(eprefix).trim()) {
		const meaning = `the block of Portcullis in ${bashrc} was edited.`;
		return error(
			id,
			title,
			meaning,
			`${reinstall} With \`--save-edits\`, install.sh keeps a copy of the edited block.`,
			[bashrc],
		);
	}
	const above = text.slice(0, start).match(/^[ \t]*[^\s#].*$/gm) ?? [];
	if (above.length > 0) {
		const lines = above.length === 1 ? '1 line precedes' : `${above.length} lines precede`;
		const meaning = `${lines} the block of Portcullis in ${bashrc}. A confined phase runs everything above the block twice.`;
		return warning(id, title, meaning, `Move the block to the top of ${bashrc}.`, [bashrc, ...above]);
	}
	return ok(id, title, 'sources the hook first', [bashrc]);
}
