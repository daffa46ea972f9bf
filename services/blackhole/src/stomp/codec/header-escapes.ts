import type { StompVersion } from './frame';

const meanings: Readonly<Record<string, string>> = { n: '\n', c: ':', '\\': '\\', r: '\r' };
const escapes: Readonly<Record<string, string>> = { '\n': '\\n', ':': '\\c', '\\': '\\\\', '\r': '\\r' };
const NUL = '\u0000';

/** One pass, so that what an escape yields is never taken for another. Undefined: an escape the version does not know. */
export function unescapeHeader(text: string, version: StompVersion): string | undefined {
  if (version === '1.0' || !text.includes('\\')) return text;
  let result = '';
  let from = 0;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
    const letter = text[at + 1];
    const meaning = letter === undefined ? undefined : meanings[letter];
    if (meaning === undefined || (letter === 'r' && version === '1.1')) return undefined;
    result += text.slice(from, at) + meaning;
    from = at + 2;
  }
  return result + text.slice(from);
}

/**
 * What cannot be said in the version (a line end in 1.0, a carriage return in 1.1, a NUL anywhere) becomes a space: a
 * value must never be able to end its header, or the frame.
 */
export function escapeHeader(text: string, version: StompVersion): string {
  if (version === '1.0') return plainHeader(text);
  const sayable = (version === '1.1' ? text.replaceAll('\r', ' ') : text).replaceAll(NUL, ' ');
  return sayable.replace(/[\\\n\r:]/g, (char) => escapes[char]!);
}

/** For frames whose headers are not escaped. */
export function plainHeader(text: string): string {
  return text.replace(/[\n\r]/g, ' ').replaceAll(NUL, ' ');
}
