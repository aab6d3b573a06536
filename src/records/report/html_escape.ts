import { stripControls } from '../../util/output.ts';

export function escape(text: string): string {
	return stripControls(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
