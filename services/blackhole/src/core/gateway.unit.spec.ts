import { RawSocket, UpgradeRefused, rawFrame, waitUntil, type WsClient } from '@ringdown/testing';
import { CUSTOMER, callCreated, startBlackhole } from '../testing/start-blackhole';

function request(action: string, token: string, data?: unknown): Buffer {
  return rawFrame({ payload: JSON.stringify({ action, auth_token: token, request_id: 'r', data }) });
}

/** The close frame among what a raw socket received. */
function closeCodeIn(bytes: Buffer): number | undefined {
  for (let at = 0; at + 2 <= bytes.length;) {
    const kind = bytes[at + 1]! & 0x7f;
    const length =
      kind === 126 ? bytes.readUInt16BE(at + 2) : kind === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : kind;
    const start = at + (kind === 126 ? 4 : kind === 127 ? 10 : 2);
    if ((bytes[at]! & 0x0f) === 8) return bytes.readUInt16BE(start);
    at = start + length;
  }
  return undefined;
}

describe('a socket that does not read', () => {
  it('is closed with 4008 while others keep receiving everything', async () => {
    const system = await startBlackhole({ wsMaxQueuedBytes: 256 * 1024 });
    const fast = await system.connectAs(CUSTOMER);
    await fast.subscribe('call.*.*');
    const slow = await RawSocket.handshake(system.url);
    slow.write(request('subscribe', system.token, { binding: 'call.*.*' }));
    await slow.waitFor((bytes) => bytes.includes('success'));
    slow.socket.pause();

    const filler = 'x'.repeat(60_000);
    let published = 0;
    await waitUntil(
      async () => {
        for (let burst = 0; burst < 10; burst += 1) {
          const draft = callCreated(CUSTOMER, `slow-${published++}`);
          await system.publish({ ...draft, body: { ...draft.body, filler } });
        }
        return (await system.metric('ringdown_blackhole_slow_closes_total 1')).length === 1;
      },
      { timeoutMs: 30_000 },
    );
    await waitUntil(() => fast.events.length === published);

    expect(fast.events.map((event) => event.data['call_id'])).toEqual(
      Array.from({ length: published }, (_, index) => `slow-${index}`),
    );
    expect(await system.metric('ringdown_blackhole_sockets ')).toEqual(['ringdown_blackhole_sockets 1']);
    // It never reads, so the handshake cannot finish: the connection is destroyed after two seconds.
    await waitUntil(async () => (await system.metric('ringdown_blackhole_closes_total{')).length > 0);
    expect(await system.metric('ringdown_blackhole_closes_total{')).toEqual([
      'ringdown_blackhole_closes_total{code="4008",reason="too_slow"} 1',
    ]);
    await system.stop();
  }, 60_000);

  it('that starts to read in time learns why', async () => {
    const system = await startBlackhole({ wsMaxQueuedBytes: 64 * 1024 });
    const slow = await RawSocket.handshake(system.url);
    slow.write(request('subscribe', system.token, { binding: 'call.*.*' }));
    await slow.waitFor((bytes) => bytes.includes('success'));
    slow.socket.pause();
    const filler = 'x'.repeat(60_000);
    await waitUntil(
      async () => {
        const draft = callCreated(CUSTOMER, 'fill');
        await system.publish({ ...draft, body: { ...draft.body, filler } });
        return (await system.metric('ringdown_blackhole_slow_closes_total 1')).length === 1;
      },
      { timeoutMs: 30_000, intervalMs: 1 },
    );

    slow.socket.resume();

    await waitUntil(() => closeCodeIn(slow.received) === 4008);
    expect(slow.received.toString('latin1')).toContain('too slow: events were queued for too long');
    await system.stop();
  }, 60_000);
});

describe('the rate limit', () => {
  it('costs each message a token before authentication and leaves the socket open', async () => {
    const system = await startBlackhole({ wsRateCapacity: 3, wsRatePerSecond: 50 });
    const client = await system.connect();

    for (let id = 0; id < 10; id += 1) client.sendJson({ action: 'ping', request_id: `r${id}` });
    const last = await client.waitForReply('r9');

    const { _socket } = client.socket as unknown as { _socket: { localPort: number } };
    expect(last.data.errors).toEqual([`rate limiting threshold hit for 127.0.0.1:${_socket.localPort}!`]);
    expect((await client.waitForReply('r0')).data.errors).toEqual(['authentication token required']);
    expect(client.frames.map((frame) => frame['request_id'])).toEqual(
      Array.from({ length: 10 }, (_, id) => `r${id}`),
    );
    await waitUntil(
      async () =>
        (await client.request('ping', undefined, { auth_token: system.token })).status === 'success',
    );
    await system.stop();
  });
});

describe('the heartbeat', () => {
  it('terminates a peer that is gone without a word, and lets go of what it held', async () => {
    const system = await startBlackhole({ wsHeartbeatIntervalMs: 200 });
    const alive = await system.connectAs(CUSTOMER);
    await alive.requestOk('ping');
    const dead = await RawSocket.handshake(system.url);
    dead.write(request('subscribe', system.token, { binding: 'call.*.*' }));
    await dead.waitFor((bytes) => bytes.includes('success'));
    expect(system.bindings()).toEqual(['call call.*.*.#']);

    // It reads pings, but never answers.
    await dead.closed;
    expect(dead.received.includes(Buffer.from([0x89, 0x00]))).toBe(true);
    await waitUntil(() => system.bindings().length === 0);
    await alive.flush();
    expect(alive.frames.every((frame) => frame['action'] === 'reply')).toBe(true);
    await system.stop();
  });

  it('leaves a peer alone that answers', async () => {
    const system = await startBlackhole({ wsHeartbeatIntervalMs: 100 });
    const client = await system.connectAs(CUSTOMER);
    let pings = 0;
    client.socket.on('ping', () => (pings += 1));

    await waitUntil(() => pings >= 4);

    await client.requestOk('ping');
    await system.stop();
  });
});

describe('shutdown', () => {
  it('refuses, tells, closes with 1001, unbinds', async () => {
    const system = await startBlackhole({ wsDrainWindowMs: 300, wsUnbindDebounceMs: 60_000 });
    const clients: WsClient[] = [];
    for (let count = 0; count < 20; count += 1) clients.push(await system.connectAs(CUSTOMER));
    await Promise.all(clients.map((client, index) => client.subscribe(['call.*.*', `call.*.id${index}`])));
    expect(system.bindings()).toHaveLength(21);

    system.blackhole.beginDrain();

    expect(system.blackhole.readiness().ready).toBe(false);
    await expect(system.connect()).rejects.toThrow(UpgradeRefused);
    await expect(system.connect()).rejects.toMatchObject({ status: 503 });
    const notices = await Promise.all(
      clients.map((client) => client.waitForFrame((frame) => frame['action'] === 'draining')),
    );
    expect(notices[0]).toEqual({ action: 'draining', reason: 'server shutting down', within_ms: 300 });
    // Until its turn comes, a socket works.
    await clients.at(-1)!.requestOk('ping');
    await system.publish(callCreated(CUSTOMER, 'last'));
    await clients.at(-1)!.nextEvent();

    const firstClosed = clients[0]!.closed.then(() => clients.at(-1)!.socket.readyState);
    const components = [...system.blackhole.components].reverse();
    const gateway = components.findIndex(({ name }) => name === 'blackhole gateway');
    for (const component of components.slice(0, gateway + 1)) await component.stop();

    for (const client of clients) {
      expect(await client.closed).toEqual({ code: 1001, reason: 'server shutting down' });
      expect(client.frames.at(-1)).toMatchObject({ data: { errors: ['server shutting down'] } });
    }
    // One after the other: the last was open when the first was closed.
    expect(await firstClosed).toBe(clients[0]!.socket.OPEN);
    expect(system.bindings()).toEqual([]);
    await system.stop();
  });
});

describe('limits of messages', () => {
  it('closes with 1009 above the size', async () => {
    const system = await startBlackhole({ wsMaxMessageBytes: 1_000 });
    const client = await system.connectAs(CUSTOMER);
    await client.requestOk('ping', undefined, { metadata: 'x'.repeat(500) });

    client.sendText('x'.repeat(1_001));

    expect((await client.closed).code).toBe(1009);
    await system.stop();
  });

  it('answers everything of a client that sends faster than it is answered', async () => {
    const system = await startBlackhole();
    const client = await system.connectAs(CUSTOMER);
    const total = 3_000;

    for (let id = 0; id < total; id += 1) {
      client.sendJson({
        action: 'ping',
        auth_token: client.token,
        request_id: `r${id}`,
        metadata: 'x'.repeat(1_000),
      });
    }
    await client.waitForReply(`r${total - 1}`, 20_000);

    expect(client.frames.map((frame) => frame['request_id'])).toEqual(
      Array.from({ length: total }, (_, id) => `r${id}`),
    );
    await system.stop();
  }, 30_000);
});
