import { isIP } from 'node:net';

/*
 * Syntax of identifiers of Portage and of the network. Text that passes one of these checks contains no character that is special to a
 * shell, a terminal or HTML.
 */

/** Category, package name, version and revision (PMS 3.1.1, 3.1.2, 3.2). */
const category = '[A-Za-z0-9_][A-Za-z0-9+_.-]*';
const packageName = '[A-Za-z0-9_][A-Za-z0-9+_-]*';
const version = '[0-9]+(?:\\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]*)*(?:-r[0-9]+)?';
const cpv = new RegExp(`^${category}/${packageName}(?:-${version})?$`);
const versionSuffix = new RegExp(`-${version}$`);

/** Whether a text is CATEGORY/PF or CATEGORY/PN. (`portcullis run` uses the name portcullis/run.) */
export function isPackage(text: string): boolean {
	return text.length <= 256 && cpv.test(text);
}

/** CATEGORY/PN of CATEGORY/PF. */
export function withoutVersion(text: string): string {
	return text.replace(versionSuffix, '');
}

/** Whether a text is an IP address as inet_ntop(3) prints it, without a zone. */
export function isAddress(text: string): boolean {
	return isIP(text) !== 0 && !text.includes('%');
}

/** Whether a text is a domain name as native/dns/wire.c writes it: \DDD stands for an octet that is not printable (RFC 1035, 5.1). */
export function isDomainName(text: string): boolean {
	return text.length <= 255 && /^(?:\.|(?:[!-\-/-[\]-~]|\\\d{3})(?:[!-[\]-~]|\\\d{3})*)$/.test(text);
}

/** Whether a text is a time as confine writes it: ISO 8601 in UTC with milliseconds. */
export function isTime(text: string): boolean {
	return /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/.test(text);
}
