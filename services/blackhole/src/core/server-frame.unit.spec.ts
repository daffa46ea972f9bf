import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { resolve as resolvePath } from 'node:path';
import type { Duplex } from 'node:stream';
import * as ws from 'ws';
import { WsTransport } from '../adapters/ws-transport';
import { payloadOf, textFrame } from './server-frame';

type WebSocket = ws.WebSocket;
const { WebSocket, WebSocketServer } = ws;

/** Not in the published types; it is the reference for the bytes. */
const { Sender } = ws as unknown as {
  readonly Sender: { frame(data: Buffer, options: Readonly<Record<string, unknown>>): Buffer[] };
};

/** Both sides of every change of the length's form. */
const LENGTHS = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 200_000];

interface Pair {
  readonly client: WebSocket;
  readonly server: WebSocket;
  readonly connection: Duplex;
}

let http: Server;
let pair: Pair;

beforeEach(async () => {
  const wss = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  http = createServer();
  const accepted = new Promise<Omit<Pair, 'client'>>((resolve) => {
    http.on('upgrade', (request, connection, head) => {
      wss.handleUpgrade(request, connection, head, (server) => resolve({ server, connection }));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  pair = { client, ...(await accepted) };
  await new Promise((resolve) => client.once('open', resolve));
});

afterEach(async () => {
  pair.client.terminate();
  pair.server.terminate();
  await new Promise((resolve) => http.close(resolve));
});

function received(count: number): Promise<string[]> {
  const texts: string[] = [];
  return new Promise((resolve) => {
    pair.client.on('message', (data: Buffer, isBinary) => {
      texts.push(isBinary ? 'binary' : data.toString('utf8'));
      if (texts.length === count) resolve(texts);
    });
  });
}

describe('a ready server frame', () => {
  it.each(LENGTHS)('of %i bytes is byte for byte what ws would write, unmasked', (length) => {
    const text = 'x'.repeat(length);

    const expected = Buffer.concat(
      Sender.frame(Buffer.from(text), {
        fin: true,
        opcode: 1,
        mask: false,
        readOnly: true,
        rsv1: false,
      }),
    );

    expect(textFrame(text).equals(expected)).toBe(true);
    expect(textFrame(text)[1]! & 0x80).toBe(0);
  });

  it.each(LENGTHS)('of %i bytes gives back its payload', (length) => {
    expect(payloadOf(textFrame('y'.repeat(length))).toString()).toBe('y'.repeat(length));
  });

  it('counts bytes, not characters', () => {
    const text = 'ü€😀'.repeat(20);

    expect(payloadOf(textFrame(text)).toString('utf8')).toBe(text);
    expect(textFrame(text)).toHaveLength(4 + Buffer.byteLength(text));
  });
});

describe('writing ready frames below ws', () => {
  it('is verified for the one version of ws that is installed', () => {
    const read = (path: string): { version: string; dependencies?: Record<string, string> } =>
      JSON.parse(readFileSync(path, 'utf8')) as { version: string };

    expect(read(require.resolve('ws/package.json')).version).toBe('8.23.0');
    expect(read(resolvePath(__dirname, '../../package.json')).dependencies?.['ws']).toBe('8.23.0');
  });

  it('reaches the client as the same messages, whatever the lengths, joined or one by one', async () => {
    const texts = LENGTHS.map((length, index) => `${index}`.repeat(length).slice(0, length));
    const frames = texts.map((text) => textFrame(text));
    const transport = new WsTransport(pair.server, pair.connection);
    const all = received(texts.length * 2);

    transport.write(frames, Buffer.concat(frames));
    transport.write(frames, undefined);

    expect(await all).toEqual([...texts, ...texts]);
  });

  it('keeps its place among what ws writes itself', async () => {
    const transport = new WsTransport(pair.server, pair.connection);
    const all = received(3);
    const pinged = new Promise((resolve) => pair.client.once('ping', resolve));

    pair.server.send('first');
    transport.write([textFrame('second')], textFrame('second'));
    transport.ping();
    pair.server.send('third');

    expect(await all).toEqual(['first', 'second', 'third']);
    await pinged;
  });

  it('goes through ws while ws holds something back', async () => {
    const transport = new WsTransport(pair.server, pair.connection);
    const all = received(2);
    const written = jest.spyOn(pair.connection as Socket, 'write');
    const sent = jest.spyOn(pair.server, 'send');

    // A blob is read asynchronously, so what is sent after it waits inside ws.
    pair.server.send(new Blob(['from ws']) as unknown as Buffer, { binary: false });
    transport.write([textFrame('ready')], textFrame('ready'));

    expect(written).not.toHaveBeenCalled();
    expect(sent).toHaveBeenCalledTimes(2);
    expect(await all).toEqual(['from ws', 'ready']);
  });

  it('writes nothing on a closing connection', () => {
    const transport = new WsTransport(pair.server, pair.connection);
    transport.close(1000, 'bye');
    const written = jest.spyOn(pair.connection as Socket, 'write');

    transport.write([textFrame('late')], textFrame('late'));

    expect(written).not.toHaveBeenCalled();
  });
});
