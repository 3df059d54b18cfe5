/** What a {@link Roll} keeps its place in. */
export interface Enrolled {
  place: number;
}

/**
 * Who is present, for thousands that come and go in a second. A `Set` would be simpler, but V8 gives it a new table every so often to which the old one still points: as soon as one of
 * these has grown old, all that follow, and whatever was in them, are kept until the whole heap is collected.
 */
export class Roll<T extends Enrolled> {
  private readonly present: T[] = [];

  add(one: T): void {
    one.place = this.present.push(one) - 1;
  }

  /** @param one that was added and not removed yet. */
  remove(one: T): void {
    const last = this.present.pop()!;
    if (last === one) return;
    this.present[one.place] = last;
    last.place = one.place;
  }

  /** Those who are present now, whoever comes or goes meanwhile. */
  all(): T[] {
    return [...this.present];
  }
}
