/**
 * A table that holds at most twice `most` entries, however many come: those that were not renewed for long go. (Two
 * generations, since taking the oldest key out of a Map is slow once many were taken out of it.)
 */
export class Bounded<Value> {
	#young = new Map<string, Value>();
	#old = new Map<string, Value>();
	readonly #most: number;
	/** How many had to go. */
	dropped = 0;

	constructor(most: number) {
		this.#most = most;
	}

	/** What is there under `key`, or what `make` gives; it counts as the newest from now on. */
	renew(key: string, make: () => Value): Value {
		const young = this.#young.get(key);
		if (young !== undefined) return young;
		const value = this.#old.get(key) ?? make();
		this.#old.delete(key);
		if (this.#young.size >= this.#most) {
			this.dropped += this.#old.size;
			this.#old = this.#young;
			this.#young = new Map();
		}
		this.#young.set(key, value);
		return value;
	}

	get size(): number {
		return this.#young.size + this.#old.size;
	}

	values(): Value[] {
		return [...this.#young.values(), ...this.#old.values()];
	}
}

/** The `most` largest of what is offered, largest first. */
export function keepLargest<Value>(kept: Value[], most: number, value: Value, size: (value: Value) => number): void {
	const last = kept.at(-1);
	if (kept.length === most && last !== undefined && size(last) >= size(value)) return;
	const at = kept.findIndex((one) => size(one) < size(value));
	kept.splice(at < 0 ? kept.length : at, 0, value);
	kept.length = Math.min(kept.length, most);
}
