/** A generator with a seed, so that a failure can be played again (mulberry32). */
export class Dice {
  constructor(private state: number) {}

  /** A whole number from 0 on. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

/** Bytes that end or begin something somewhere, or are no UTF-8. */
const interesting = [0, 9, 10, 13, 34, 44, 58, 92, 123, 125, 0x80, 0xc0, 0xe2, 0xed, 0xf5, 0xff];

/** One to four of: a bit flipped, a byte replaced, a slice left out, one repeated, the end cut off. */
export function mutatedBytes(dice: Dice, original: Buffer): Buffer {
  let bytes = Buffer.from(original);
  for (let changes = 1 + dice.below(4); changes > 0 && bytes.length > 0; changes -= 1) {
    const at = dice.below(bytes.length);
    const until = at + 1 + dice.below(12);
    const kind = dice.below(5);
    if (kind === 0) bytes[at] = bytes[at]! ^ (1 << dice.below(8));
    else if (kind === 1) bytes[at] = dice.pick(interesting);
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
    else bytes = bytes.subarray(0, at);
  }
  return bytes;
}

/** The same bytes in other pieces, as a network or a careless client may cut them. */
export function recut(dice: Dice, pieces: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(pieces);
  const cut: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + dice.below(dice.oneIn(3) ? 8 : 200);
    cut.push(bytes.subarray(at, at + size));
    at += size;
  }
  return cut;
}
