interface Kept<V> {
  readonly value: V;
  readonly sinceMs: number;
}

/** A map that forgets its oldest entries: beyond `capacity`, and after `ageMs` of the log's time. */
export class AgingMap<V> {
  private readonly entries = new Map<string, Kept<V>>();
  private oldestMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly capacity: number,
    private readonly ageMs: number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  get(key: string): V | undefined {
    return this.entries.get(key)?.value;
  }

  /** A key that is there keeps its age. */
  add(key: string, value: V, nowMs: number): void {
    if (this.entries.has(key)) return;
    if (this.entries.size >= this.capacity) this.forgetWhile((_, left) => left >= this.capacity);
    this.entries.set(key, { value, sinceMs: nowMs });
    if (this.entries.size === 1) this.oldestMs = nowMs;
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  deleteWhere(matches: (value: V) => boolean): void {
    for (const [key, { value }] of this.entries) if (matches(value)) this.entries.delete(key);
  }

  age(nowMs: number): void {
    if (nowMs - this.oldestMs <= this.ageMs) return;
    this.forgetWhile((sinceMs) => nowMs - sinceMs > this.ageMs);
  }

  private forgetWhile(isOver: (sinceMs: number, left: number) => boolean): void {
    this.oldestMs = Number.POSITIVE_INFINITY;
    for (const [key, { sinceMs }] of this.entries) {
      if (!isOver(sinceMs, this.entries.size)) {
        this.oldestMs = sinceMs;
        return;
      }
      this.entries.delete(key);
    }
  }
}
