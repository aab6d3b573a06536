const plain = /^[A-Za-z0-9_./:=@%+,-]+$/;

/** One word of bash that stands for this text, whatever is in it. */
export function quote(text: string): string {
	return plain.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
