// SPDX-License-Identifier: GPL-2.0-or-later
import { isIP } from 'node:net';

/*
 * Syntax of identifiers of Portage and of the network. Text that passes one of these checks contains no control character and, except for
 * a domain name, no character that is special to a shell or HTML.
 */

/** Regular expressions for a category, a package name, and a version with its revision (PMS 3.1.1, 3.1.2, 3.2). */
const category = '[A-Za-z0-9_][A-Za-z0-9+_.-]*';
const packageName = '[A-Za-z0-9_][A-Za-z0-9+_-]*';
const version = '[0-9]+(?:\\.[0-9]+)*[a-z]?(?:_(?:alpha|beta|pre|rc|p)[0-9]*)*(?:-r[0-9]+)?';
const cpv = new RegExp(`^${category}/${packageName}(?:-${version})?$`);
const versionSuffix = new RegExp(`-${version}$`);

/** True if the text is CATEGORY/PF or CATEGORY/PN. The version is optional because `portcullis run` uses the name portcullis/run. */
export function isPackage(text: string): boolean {
	return text.length <= 256 && cpv.test(text);
}

/** Converts CATEGORY/PF to CATEGORY/PN: dev-lang/go-1.25.1 becomes dev-lang/go. */
export function withoutVersion(text: string): string {
	return text.replace(versionSuffix, '');
}

/** True if the text is an IP address without a zone, as inet_ntop(3) prints it. */
export function isAddress(text: string): boolean {
	return isIP(text) !== 0 && !text.includes('%');
}

/** True if the text is a domain name as native/dns/wire.c writes it, with \DDD for an unprintable octet (RFC 1035, 5.1). */
export function isDomainName(text: string): boolean {
	return text.length <= 255 && /^(?:\.|(?:[!-\-/-[\]-~]|\\\d{3})(?:[!-[\]-~]|\\\d{3})*)$/.test(text);
}

/** True if the text is a time as confine writes it: ISO 8601 in UTC with milliseconds. */
export function isTime(text: string): boolean {
	return /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/.test(text);
}
