import { harmless } from '../screen.ts';

export function escape(text: string): string {
	return harmless(text).replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
