import { AppError } from '@ringdown/core';
import { MAX_ROUTING_KEY_BYTES, decodeId, encodeId } from '../encoded-id';
import { isWildcardWord } from './family';

/** Any id: one or more words, because a foreign publisher may have left dots in it. Never matches a key without id. */
export const ANY_ID = '*.#';

/** The id part of a client binding. */
export interface BindingId {
  readonly wildcard: boolean;
  /** How it ends a topic pattern; several where a foreign publisher may write the id otherwise than we do. */
  readonly forms: readonly string[];
  /** The encoded form, or `*`; for subscription keys. */
  readonly word: string;
  /** Whether a key that has one of the forms can belong to another id, so that `means` must be asked. */
  readonly ambiguous: boolean;
  /** Whether an event with this id is meant. */
  means(id: string): boolean;
}

const anyId: BindingId = {
  wildcard: true,
  forms: [ANY_ID],
  word: '*',
  ambiguous: false,
  means: () => true,
};

/**
 * Reads an id as a client wrote it, raw or encoded; `*` is any. Undefined for what cannot be an id: nothing, or text with
 * a wildcard as one of its words (a client that means the character encodes it).
 */
export function parseBindingId(text: string): BindingId | undefined {
  if (text === '*') return anyId;
  const words = text.split('.');
  if (text === '' || words.some(isWildcardWord)) return undefined;
  const ids = idsMeantBy(text);
  const forms = new Set([...ids.map(encodeId), text, ...ids].filter(isLiteral));
  return {
    wildcard: false,
    forms: [...forms],
    word: encodeId(ids[0]!),
    ambiguous: [...forms].some((form) => /[%+]/.test(form)),
    means: (id) => ids.includes(id),
  };
}

/** A `+` alone can be an encoded space or a raw plus, as in a telephone number; both are heard. */
function idsMeantBy(text: string): readonly string[] {
  const decoded = decodeId(text);
  return decoded !== text && !text.includes('%') ? [decoded, text] : [decoded];
}

function isLiteral(form: string): boolean {
  return form !== '' && !form.split('.').some(isWildcardWord);
}

/** Drops the patterns that AMQP could not carry; when none is left the id is too long to be published either. */
export function bindable(patterns: readonly string[]): readonly string[] {
  const short = patterns.filter((pattern) => Buffer.byteLength(pattern) <= MAX_ROUTING_KEY_BYTES);
  if (short.length === 0) {
    throw new AppError('bad_request', `id too long: its routing key exceeds ${MAX_ROUTING_KEY_BYTES} bytes`);
  }
  return short;
}
