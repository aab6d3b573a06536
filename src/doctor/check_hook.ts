// SPDX-License-Identifier: GPL-2.0-or-later
import { renderHook } from '../hook/render.ts';
import { block, paths } from '../installation/paths.ts';
import { nodeOf } from '../installation/programs.ts';
import { portcullis } from '../messages/message.ts';
import { readFile, stat } from '../util/files.ts';
import { error, ok, warning, type Finding } from './finding.ts';

const begin = '# >>> portcullis >>>';
const end = '# <<< portcullis <<<';

/** Reports whether the hook is installed, has this version, and comes first in EPREFIX/etc/portage/bashrc. */
export function hookFindings(eprefix: string): Finding[] {
	return [phaseFinding(eprefix, paths(eprefix).hook), bashrcFinding(eprefix)];
}

const reinstall = 'Run install.sh again, or `emerge app-portage/portcullis`.';

function phaseFinding(eprefix: string, hook: string): Finding {
	const title = 'Hook';
	const text = readFile(hook);
	if (text === undefined) {
		return error('hook', title, `${hook} does not exist: Portcullis confines nothing.`, reinstall, [hook]);
	}
	if (text === renderHook(eprefix, nodeOf(text))) return ok('hook', title, 'installed, current version', [hook]);
	const meaning = `${hook} was edited or is of another version.`;
	return error(
		'hook',
		title,
		meaning,
		`${reinstall} To see the difference: \`${portcullis('hook')} | diff ${hook} -\`.`,
		[hook],
	);
}

/** Reports whether the bashrc of EPREFIX, or of another PORTAGE_CONFIGROOT such as that of crossdev, sources the hook first. */
export function bashrcFinding(eprefix: string, configroot = eprefix): Finding {
	const bashrc = `${configroot}/etc/portage/bashrc`;
	const [id, title, fix] =
		configroot === eprefix
			? ['bashrc', 'bashrc', reinstall]
			: [
					'bashrc-configroot',
					`bashrc of PORTAGE_CONFIGROOT=${configroot}`,
					`Insert the output of \`${portcullis('hook', '--block')}\` at the top of ${bashrc}.`,
				];
	const text = readFile(bashrc);
	const start = text?.indexOf(begin) ?? -1;
	if (stat(bashrc)?.isDirectory() === true) {
		const meaning = `${bashrc} is a directory, which Portage ignores: Portcullis confines nothing.`;
		return error(
			id,
			title,
			meaning,
			`Rename the directory to bashrc.d, and write a file bashrc that sources the files in bashrc.d. ${fix}`,
			[bashrc],
		);
	}
	if (text === undefined || start < 0) {
		const reason = text === undefined ? 'does not exist' : 'does not source the hook';
		return error(id, title, `${bashrc} ${reason}: Portcullis confines nothing.`, fix, [bashrc]);
	}
	const stop = text.indexOf(end, start);
	const found = text.slice(start, stop < 0 ? undefined : stop + end.length + 1);
	if (found.replace(/\r/g, '').trim() !== block(eprefix).trim()) {
		const meaning = `the block of Portcullis in ${bashrc} was edited.`;
		return error(id, title, meaning, `${reinstall} \`--save-edits\` keeps a copy of the edited block.`, [bashrc]);
	}
	const above = text
		.slice(0, start)
		.split('\n')
		.filter((line) => /^\s*[^\s#]/.test(line));
	if (above.length > 0) {
		const lines = above.length === 1 ? '1 line precedes' : `${above.length} lines precede`;
		const meaning = `${lines} the block of Portcullis in ${bashrc}. A confined phase runs them twice.`;
		return warning(id, title, meaning, `Move the block to the top of ${bashrc}.`, [bashrc, ...above]);
	}
	return ok(id, title, 'sources the hook first', [bashrc]);
}
