import { commandsWithoutEscapes, type StompVersion } from './frame';
import { escapeHeader, plainHeader } from './header-escapes';

const END = '\u0000';

/** A frame as text; a body gets its `content-length` in UTF-8 bytes, so that it may contain anything. */
export function encodeFrame(
  version: StompVersion,
  command: string,
  headers: Iterable<readonly [name: string, value: string]>,
  body?: string,
): string {
  const written = commandsWithoutEscapes.has(command) ? plainHeader : escapeHeader;
  let text = `${command}\n`;
  for (const [name, value] of headers) text += `${written(name, version)}:${written(value, version)}\n`;
  if (body === undefined) return `${text}\n${END}`;
  return `${text}content-length:${Buffer.byteLength(body)}\n\n${body}${END}`;
}
