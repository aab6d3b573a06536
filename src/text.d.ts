// Imported with { type: 'text' }: the bundle carries them, so that the installed program is one file.
declare module '*.bash' {
	const text: string;
	export default text;
}

declare module '*.py' {
	const text: string;
	export default text;
}
