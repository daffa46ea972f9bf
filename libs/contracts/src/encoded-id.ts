import { AppError } from '@ringdown/core';

/** AMQP 0-9-1 carries routing keys as short strings. */
export const MAX_ROUTING_KEY_BYTES = 255;

const PLAIN = /^[A-Za-z0-9\-_~@:]*$/;
const ENCODED = /^(?:[A-Za-z0-9\-_~@:+]|%[0-9A-Fa-f]{2})*$/;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * An id as one word of a routing key: letters, digits and `- _ ~ @ :` stay, a space becomes `+`, every other byte of its
 * UTF-8 form `%XX`. So `a84b4c76@10.1.2.3` becomes `a84b4c76@10%2E1%2E2%2E3`.
 */
export function encodeId(text: string): string {
  if (PLAIN.test(text)) return text;
  let word = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const char = String.fromCharCode(byte);
    if (byte === 0x20) word += '+';
    else if (byte < 0x80 && PLAIN.test(char)) word += char;
    else word += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return word;
}

/** The id that a word stands for. What cannot be an encoded id is a raw one and is given back as it is; never throws. */
export function decodeId(word: string): string {
  if (PLAIN.test(word) || !ENCODED.test(word)) return word;
  const latin1 = word
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return strictUtf8.decode(Buffer.from(latin1, 'latin1'));
  } catch {
    return word;
  }
}

/**
 * The id behind the end of a routing key, which a foreign publisher may have left raw. The body's own id decides where
 * the key alone can be read both ways (`a+b`).
 */
export function idFromKey(tail: string, idInBody: unknown): string {
  if (typeof idInBody === 'string' && idInBody !== '') {
    if (idInBody === tail || encodeId(idInBody) === tail) return idInBody;
  }
  return decodeId(tail);
}

/** Joins the fixed words of a routing key and its ids, encoded. Throws `bad_request` for an empty id or a key too long. */
export function buildRoutingKey(words: readonly string[], ids: readonly string[]): string {
  if (ids.includes('')) throw new AppError('bad_request', `an id of ${words.join('.')} is empty`);
  const key = [...words, ...ids.map(encodeId)].join('.');
  if (Buffer.byteLength(key) > MAX_ROUTING_KEY_BYTES) {
    throw new AppError('bad_request', `routing key longer than ${MAX_ROUTING_KEY_BYTES} bytes: ${key}`);
  }
  return key;
}
