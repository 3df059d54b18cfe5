/**
 * A cache for few keys that repeat. When it is full it is emptied, because its values are cheap to make, and a
 * least-recently-used order would slow down each read.
 */
export class BoundedCache<Value> {
  private readonly values = new Map<string, Value>();

  /** @param maxSize the maximum number of values. */
  constructor(private readonly maxSize: number) {}

  /** Returns the value of the key, and creates it if needed. Errors of `make` are not cached. */
  get(key: string, make: () => Value): Value {
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const value = make();
    if (this.values.size >= this.maxSize) this.values.clear();
    this.values.set(key, value);
    return value;
  }
}
