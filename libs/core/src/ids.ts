import { randomBytes } from 'node:crypto';

/** `length` random lower-case hexadecimal characters (an even number). */
export function randomHex(length: number): string {
  return randomBytes(length / 2).toString('hex');
}

/** An id in the form of the Kazoo API: 32 lower-case hexadecimal characters. */
export function newId(): string {
  return randomHex(32);
}

let lastMs = 0;
let sequence = 0;

/**
 * A unique id that sorts by the time it was made: 12 hex digits of unix milliseconds, 4 of a per-process sequence,
 * 16 random. Ids of one process are strictly increasing, also when the clock steps back.
 */
export function newMessageId(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = 0;
  } else if (++sequence > 0xffff) {
    lastMs += 1;
    sequence = 0;
  }
  return lastMs.toString(16).padStart(12, '0') + sequence.toString(16).padStart(4, '0') + randomHex(16);
}
