/** Texts longer than this hardly repeat. */
const MAX_LENGTH = 64;

/**
 * One copy of texts that repeat: account, device and user ids, names, realms. Two generations, so that what is no longer
 * told is forgotten without counting references.
 */
export class Interner {
  private current = new Map<string, string>();
  private previous = new Map<string, string>();

  /** Remembers `capacity` texts at least, twice as many at most. */
  constructor(private readonly capacity = 20_000) {}

  of(text: string): string {
    if (text.length > MAX_LENGTH) return text;
    const known = this.current.get(text);
    if (known !== undefined) return known;
    const kept = this.previous.get(text) ?? text;
    if (this.current.size >= this.capacity) {
      this.previous = this.current;
      this.current = new Map();
    }
    this.current.set(kept, kept);
    return kept;
  }
}
