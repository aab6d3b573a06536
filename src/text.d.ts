// SPDX-License-Identifier: GPL-2.0-or-later
// Types of files that are imported with { type: 'text' }. Their text is in the bundle, so that the installed program is one file.
// The first pattern matches .bash, .fish and .zsh.
declare module '*sh' {
	const text: string;
	export default text;
}

declare module '*.py' {
	const text: string;
	export default text;
}
