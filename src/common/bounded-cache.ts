/**
 * Remembers what was made for a key, for few keys that come again and again. When it is full it starts afresh: what is made here is made again in no time, and
 * keeping an order would cost every reading.
 */
export class BoundedCache<Value> {
  private readonly values = new Map<string, Value>();

  /** @param kept how many values are kept at once. */
  constructor(private readonly kept: number) {}

  /** The value of the key, made now if need be. What `make` throws is not kept. */
  get(key: string, make: () => Value): Value {
    const known = this.values.get(key);
    if (known !== undefined) return known;
    const value = make();
    if (this.values.size >= this.kept) this.values.clear();
    this.values.set(key, value);
    return value;
  }
}
