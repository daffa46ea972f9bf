import { invalidField } from './field-errors';

/** The place in a list that a page starts at, as the opaque text clients hand back: base64url of `[1,seq]`. */
export function encodePageKey(seq: number): string {
  return Buffer.from(JSON.stringify([1, seq])).toString('base64url');
}

/** Errors: `validation_failed` for anything that {@link encodePageKey} did not make. */
export function decodePageKey(text: string): number {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2 && value[0] === 1) {
      const seq: unknown = value[1];
      if (typeof seq === 'number' && Number.isSafeInteger(seq) && seq >= 0 && encodePageKey(seq) === text) {
        return seq;
      }
    }
  } catch {
    // Falls through to the one error there is.
  }
  throw invalidField('start_key', 'invalid', { message: 'Not a start key of this list' });
}
