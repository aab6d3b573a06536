import { isIP } from 'node:net';

/** What identifiers of Portage and of the network look like. Nothing that passes needs quoting anywhere. */

/** PMS 3.1.1, 3.1.2, 3.2: category, package name, version and revision. */
const category = '[A-Za-z0-9_][A-Za-z0-9+_.-]*';
const packageName = '[A-Za-z0-9_][A-Za-z0-9+_-]*';
const version = '[0-9]+(?:\\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]*)*(?:-r[0-9]+)?';
const cpv = new RegExp(`^${category}/${packageName}(?:-${version})?$`);

/** CATEGORY/PF, or CATEGORY/PN (`portcullis run` is one). */
export function isPackage(text: string): boolean {
	return text.length <= 256 && cpv.test(text);
}

/** An address as inet_ntop() prints it, without a zone. */
export function isAddress(text: string): boolean {
	return isIP(text) !== 0 && !text.includes('%');
}

/** A domain name in presentation format, as native/dns/wire.c writes it: \DDD for an octet that is no printable character (RFC 1035, 5.1). */
export function isDomainName(text: string): boolean {
	return text.length <= 255 && /^(?:\.|(?:[!-\-/-[\]-~]|\\\d{3})(?:[!-[\]-~]|\\\d{3})*)$/.test(text);
}

/** ISO 8601 in UTC with milliseconds, as confine writes it. */
export function isTime(text: string): boolean {
	return /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/.test(text);
}
