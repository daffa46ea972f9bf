import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

const LINGER_MS = 1_000;

/**
 * Writes a complete HTTP/1.1 answer on a connection that has no response object (a request that did not parse, a
 * refused upgrade) and ends it. What the client is still sending is read and dropped for a moment: closing at once would
 * reset the connection, and the client might never see the answer.
 */
export function endWithResponse(
  socket: Duplex,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const json = body === undefined ? '' : JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}`,
    ...(json === '' ? [] : ['content-type: application/json; charset=utf-8']),
    `content-length: ${Buffer.byteLength(json)}`,
    'connection: close',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.on('error', () => undefined);
  socket.end(`${head.join('\r\n')}\r\n\r\n${json}`);
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(timer));
}
