import { renderHook } from '../hook/render.ts';
import { block, paths } from '../installation/paths.ts';
import { nodeOf } from '../installation/programs.ts';
import { ok, type Finding } from './finding.ts';
import { readFile, stat } from '../util/files.ts';

const begin = '# >>> portcullis >>>';
const end = '# <<< portcullis <<<';

/**
 * The installed hook: there, current, and ahead of the user's own code. `configroot` is where Portage reads etc/portage
 * when that is elsewhere (PORTAGE_CONFIGROOT, as crossdev sets it); '' where it is the prefix itself.
 */
export function hookFindings(eprefix: string, configroot: string): Finding[] {
	const { hook } = paths(eprefix);
	const bashrc = `${configroot === '' ? eprefix : configroot.replace(/\/+$/, '')}/etc/portage/bashrc`;
	return [phaseFinding(eprefix, hook), ...bashrcFindings(eprefix, bashrc, configroot)];
}

const reinstall = 'Run install.sh again, or emerge app-portage/portcullis.';

function phaseFinding(eprefix: string, hook: string): Finding {
	const title = 'Hook';
	const text = readFile(hook);
	const seen = [hook];
	if (text === undefined) {
		return {
			id: 'hook',
			state: 'error',
			title,
			means: `there is no ${hook}: nothing is confined.`,
			fix: reinstall,
			seen,
		};
	}
	if (text === renderHook(eprefix, nodeOf(text))) return ok('hook', title, 'installed, and of this version', seen);
	return {
		id: 'hook',
		state: 'error',
		title,
		means: `${hook} is not what this version writes: it was edited, or is of another version.`,
		fix: `${reinstall} \`portcullis hook | diff ${hook} -\` shows the difference.`,
		seen,
	};
}

function bashrcFindings(eprefix: string, bashrc: string, configroot: string): Finding[] {
	const title = configroot === '' ? 'bashrc' : `bashrc of PORTAGE_CONFIGROOT=${configroot}`;
	const id = configroot === '' ? 'bashrc' : 'bashrc-configroot';
	const seen = [bashrc];
	if (stat(bashrc)?.isDirectory() === true) {
		const means = `${bashrc} is a directory, which Portage ignores: nothing is confined.`;
		return [{ id, state: 'error', title, means, fix: 'Make it a file that sources what is in it.', seen }];
	}
	const text = readFile(bashrc);
	const at = text?.indexOf(begin) ?? -1;
	if (text === undefined || at < 0) {
		const means = `${bashrc} ${text === undefined ? 'is not there' : 'does not source the hook'}: nothing is confined.`;
		const fix =
			configroot === ''
				? reinstall
				: `Put what \`portcullis hook --block\` prints at its top (crossdev makes such a folder).`;
		return [{ id, state: 'error', title, means, fix, seen }];
	}
	const stop = text.indexOf(end, at);
	const found = text.slice(at, stop < 0 ? undefined : stop + end.length + 1);
	if (found.replace(/\r/g, '').trim() !== block(eprefix).trim()) {
		const means = `the block of Portcullis in ${bashrc} was edited.`;
		return [
			{ id, state: 'error', title, means, fix: `${reinstall} (\`--save-edits\` keeps the edited one aside)`, seen },
		];
	}
	// Comments and blank lines do no harm.
	const above = text
		.slice(0, at)
		.split('\n')
		.filter((line) => /^\s*[^\s#]/.test(line));
	if (above.length > 0) {
		const means = `${above.length === 1 ? 'a line stands' : `${above.length} lines stand`} above the block in ${bashrc}, and run twice in a confined phase.`;
		return [{ id, state: 'warning', title, means, fix: 'Move the block to the top.', seen: [...seen, ...above] }];
	}
	return [ok(id, title, 'sources the hook before anything else', seen)];
}
