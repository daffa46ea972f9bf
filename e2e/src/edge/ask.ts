import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { onTeardown } from '@ringdown/testing';

/** An answer with a JSON body, or with none. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** One request to this machine; the path goes out as it is given, whatever is in it. */
export function ask(port: number, path: string, options: AskOptions = {}): Promise<Answer> {
  const { method = 'GET', body, agent } = options;
  const chunked = options.headers?.['transfer-encoding'] !== undefined;
  const length = body === undefined || chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const headers = { ...length, ...options.headers };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, path, method, headers, agent: agent ?? new Agent(), timeout: 20_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const parsed = text === '' ? {} : (JSON.parse(text) as Answer['body']);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parsed });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${method} ${path}`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** An open socket, and what the stand-in behind it told about its handshake. */
export interface OpenSocket {
  readonly socket: WebSocket;
  readonly told: Answer['body'];
}

/** Asks for a socket; resolves with it, or with the answer that refused it. */
export function askForSocket(
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<OpenSocket | Answer> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, handshakeTimeout: 20_000 });
    onTeardown(() => Promise.resolve(socket.terminate()));
    socket.on('error', reject);
    socket.once('message', (data: Buffer) =>
      resolve({ socket, told: JSON.parse(data.toString('utf8')) as Answer['body'] }),
    );
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer['body'],
        }),
      );
    });
  });
}

/** As {@link askForSocket}, for a handshake that must succeed. */
export async function openSocket(...request: Parameters<typeof askForSocket>): Promise<OpenSocket> {
  const opened = await askForSocket(...request);
  if ('socket' in opened) return opened;
  throw new Error(`refused with ${opened.status}: ${JSON.stringify(opened.body)}`);
}
