/**
 * Remembers the last `capacity` strings, at least; at most twice as many. Two generations instead of a linked list:
 * membership costs two lookups and forgetting costs nothing.
 */
export class RecentSet {
  private current = new Set<string>();
  private previous = new Set<string>();

  constructor(private readonly capacity: number) {}

  /** True when `value` was not seen recently; remembers it either way. */
  add(value: string): boolean {
    if (this.current.has(value)) return false;
    const fresh = !this.previous.has(value);
    this.current.add(value);
    if (this.current.size >= this.capacity) {
      this.previous = this.current;
      this.current = new Set();
    }
    return fresh;
  }

  has(value: string): boolean {
    return this.current.has(value) || this.previous.has(value);
  }

  get size(): number {
    return this.current.size + this.previous.size;
  }
}
