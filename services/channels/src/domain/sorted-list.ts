const MAX_CHUNK = 512;

/**
 * Items in the order of `compare`, which must tell any two apart. Kept in chunks, so that adding to and removing from a
 * hundred thousand costs little. The members an item is compared by must not change while it is in here.
 */
export class SortedList<T> {
  private chunks: T[][] = [];
  private count = 0;

  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.count;
  }

  add(item: T): void {
    this.count += 1;
    const last = this.chunks.length - 1;
    if (last < 0) {
      this.chunks.push([item]);
      return;
    }
    const at = Math.min(
      last,
      firstWhere(this.chunks, (chunk) => this.compare(chunk[chunk.length - 1]!, item) >= 0),
    );
    const chunk = this.chunks[at]!;
    const index = firstWhere(chunk, (other) => this.compare(other, item) >= 0);
    if (chunk.length < MAX_CHUNK) {
      chunk.splice(index, 0, item);
    } else if (at === last && index === chunk.length) {
      // Mostly the newest comes last: a full chunk is left full.
      this.chunks.push([item]);
    } else {
      chunk.splice(index, 0, item);
      this.chunks.splice(at + 1, 0, chunk.splice(chunk.length >> 1));
    }
  }

  /** Whether it was there. */
  delete(item: T): boolean {
    const at = firstWhere(this.chunks, (chunk) => this.compare(chunk[chunk.length - 1]!, item) >= 0);
    const chunk = this.chunks[at];
    if (chunk === undefined) return false;
    const index = firstWhere(chunk, (other) => this.compare(other, item) >= 0);
    if (chunk[index] !== item) return false;
    chunk.splice(index, 1);
    if (chunk.length === 0) this.chunks.splice(at, 1);
    this.count -= 1;
    return true;
  }

  /** From the first item for which `isAfter` holds on; it must hold for all that follow, too. */
  *from(isAfter: (item: T) => boolean): IterableIterator<T> {
    const at = firstWhere(this.chunks, (chunk) => isAfter(chunk[chunk.length - 1]!));
    for (let c = at; c < this.chunks.length; c += 1) {
      const chunk = this.chunks[c]!;
      for (let i = c === at ? firstWhere(chunk, isAfter) : 0; i < chunk.length; i += 1) yield chunk[i]!;
    }
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (const chunk of this.chunks) yield* chunk;
  }
}

/** Index of the first item for which `holds`, or the length; everything after it must hold, too. */
function firstWhere<T>(items: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(items[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
