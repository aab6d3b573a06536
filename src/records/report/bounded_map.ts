// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * A map with at most twice `most` entries. When it is full, it drops the entries that were not used recently. It consists of two Maps, a
 * recent and an old one, because deleting the oldest key of one Map becomes slow after many deletions.
 */
export class BoundedMap<Value> {
	private young = new Map<string, Value>();
	private old = new Map<string, Value>();

	constructor(private readonly most: number) {}

	/** Returns the value of `key` and marks it as recently used. If the key is missing, adds the value that `create` returns. */
	getOrCreate(key: string, create: () => Value): Value {
		const young = this.young.get(key);
		if (young !== undefined) return young;
		const value = this.old.get(key) ?? create();
		this.old.delete(key);
		if (this.young.size >= this.most) {
			this.old = this.young;
			this.young = new Map();
		}
		this.young.set(key, value);
		return value;
	}

	values(): Value[] {
		return [...this.young.values(), ...this.old.values()];
	}
}
