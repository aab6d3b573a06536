/**
 * A map with at most twice `most` entries. When it is full, it drops the entries that were not used recently. It keeps two generations,
 * because deleting the oldest key of a Map becomes slow after many deletions.
 */
export class BoundedMap<Value> {
	#young = new Map<string, Value>();
	#old = new Map<string, Value>();
	readonly #most: number;

	constructor(most: number) {
		this.#most = most;
	}

	/** Returns the value of `key`, which `create` makes if it is missing, and marks it as recently used. */
	getOrCreate(key: string, create: () => Value): Value {
		const young = this.#young.get(key);
		if (young !== undefined) return young;
		const value = this.#old.get(key) ?? create();
		this.#old.delete(key);
		if (this.#young.size >= this.#most) {
			this.#old = this.#young;
			this.#young = new Map();
		}
		this.#young.set(key, value);
		return value;
	}

	values(): Value[] {
		return [...this.#young.values(), ...this.#old.values()];
	}
}
