import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { RawSocket, rawFrame } from './raw-socket';
import { UpgradeRefused, WsClient, type Frame } from './ws-client';

describe('WsClient', () => {
  let http: Server;
  let server: WebSocketServer;
  let url: string;
  let onFrame: (socket: WebSocket, frame: Frame) => void;
  const seen: Frame[] = [];

  beforeAll(async () => {
    http = createServer((_request, response) => response.writeHead(426).end('upgrade'));
    server = new WebSocketServer({
      server: http,
      verifyClient: ({ req }, done) => done(req.headers['x-refuse'] === undefined, 403, 'no'),
    });
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (data: Buffer) => {
        const frame = JSON.parse(data.toString()) as Frame;
        seen.push(frame);
        onFrame(socket, frame);
      });
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  });

  afterAll(() => {
    for (const socket of server.clients) socket.terminate();
    http.close();
  });

  beforeEach(() => {
    seen.length = 0;
    onFrame = (socket, frame) => reply(socket, frame);
  });

  function reply(socket: WebSocket, frame: Frame, status = 'success', data: unknown = {}): void {
    socket.send(JSON.stringify({ action: 'reply', request_id: frame['request_id'], status, data }));
  }

  function event(socket: WebSocket, name: string): void {
    socket.send(JSON.stringify({ action: 'event', name, data: {} }));
  }

  it('sends its token and matches replies by request id, in whatever order they come', async () => {
    const held: [WebSocket, Frame][] = [];
    onFrame = (socket, frame) => {
      held.push([socket, frame]);
      if (held.length === 2)
        for (const [to, request] of held.reverse()) reply(to, request, 'success', request['data']);
    };
    const client = await WsClient.connect(url, { token: 'secret' });

    const replies = await Promise.all([client.request('ping', { n: 1 }), client.request('ping', { n: 2 })]);

    expect(replies.map(({ data }) => data['n'])).toEqual([1, 2]);
    expect(seen[0]).toMatchObject({ action: 'ping', auth_token: 'secret' });
  });

  it('gives events one by one, also those that came before somebody asked', async () => {
    onFrame = (socket, frame) => {
      for (const name of ['a', 'b', 'c']) event(socket, name);
      reply(socket, frame);
    };
    const client = await WsClient.connect(url);

    await client.subscribe('call.*.*');

    expect((await client.nextEvent()).name).toBe('a');
    expect((await client.nextEvent(({ name }) => name === 'c')).name).toBe('c');
    await expect(client.nextEvent(() => true, 20)).rejects.toThrow('waited 20 ms in vain for an event');
    expect(client.events).toHaveLength(3);
  });

  it('throws the error texts of a refused subscription', async () => {
    onFrame = (socket, frame) => reply(socket, frame, 'error', { errors: ['unauthorized account id'] });
    const client = await WsClient.connect(url);

    await expect(client.subscribe('call.*.*', 'other')).rejects.toThrow('unauthorized account id');
    expect(seen[0]?.['data']).toEqual({ account_id: 'other', binding: 'call.*.*' });
  });

  it('stops waiting when the socket closes, and tells how', async () => {
    onFrame = (socket) => socket.close(4003, 'revoked');
    const client = await WsClient.connect(url);

    await expect(client.request('ping')).rejects.toThrow('4003');
    expect(await client.closed).toEqual({ code: 4003, reason: 'revoked' });
  });

  it('shows the HTTP answer of a refused upgrade', async () => {
    const refused = WsClient.connect(url, { headers: { 'x-refuse': 'yes' } });

    await expect(refused).rejects.toBeInstanceOf(UpgradeRefused);
    await expect(refused).rejects.toMatchObject({ status: 403 });
  });

  describe('RawSocket', () => {
    it.each([0, 125, 126, 65_535, 65_536])(
      'sends a frame with %i bytes of payload that the server reads',
      async (size) => {
        const raw = await RawSocket.handshake(url);
        const got = new Promise<Frame>((resolve) => (onFrame = (_socket, frame) => resolve(frame)));

        raw.write(rawFrame({ payload: JSON.stringify({ action: 'x', fill: 'y'.repeat(size) }) }));

        expect((await got)['fill']).toHaveLength(size);
      },
    );

    it('sends what the protocol forbids', async () => {
      const raw = await RawSocket.handshake(url);

      raw.write(rawFrame({ rsv: 4, payload: '{}' }));

      await raw.closed;
      expect(raw.received.subarray(0, 4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xea]));
    });
  });
});
