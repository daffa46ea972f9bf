/** A queue over an array with a moving head: constant time at both ends, memory given back as it empties. */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  get size(): number {
    return this.items.length - this.head;
  }

  push(item: T): void {
    this.items.push(item);
  }

  peek(): T | undefined {
    return this.items[this.head];
  }

  shift(): T | undefined {
    if (this.head >= this.items.length) return undefined;
    const item = this.items[this.head];
    // Let go of it now; a large message must not live until the array is compacted.
    this.items[this.head] = undefined;
    this.head += 1;
    if (this.head > 1024 && this.head * 2 > this.items.length) this.compact();
    return item;
  }

  /** Puts items back in front, in the given order. */
  putBack(items: readonly T[]): void {
    this.items = [...items, ...this.items.slice(this.head)];
    this.head = 0;
  }

  /** Inserts before the first item that `isAfter`, or at the end. */
  insertBefore(item: T, isAfter: (other: T) => boolean): void {
    this.compact();
    const at = (this.items as T[]).findIndex(isAfter);
    if (at < 0) this.items.push(item);
    else this.items.splice(at, 0, item);
  }

  drain(): T[] {
    this.compact();
    const rest = this.items as T[];
    this.items = [];
    return rest;
  }

  private compact(): void {
    this.items = this.items.slice(this.head);
    this.head = 0;
  }
}
