import { RawSocket, waitUntil } from '@ringdown/testing';
import { CUSTOMER, RESELLER, ROOT, callCreated } from '../testing/start-blackhole';
import { startHub, type TestHub } from '../testing/start-hub';

let hub: TestHub;

beforeAll(async () => {
  hub = await startHub();
});

describe('a socket is closed', () => {
  it('1008 when its token is revoked, with the reason before it', async () => {
    const token = hub.tokenOf(CUSTOMER);
    const client = await hub.open('event_types=call', { token });
    hub.directory.revoke(token);
    expect(await client.closed).toEqual({ code: 1008, reason: 'authentication revoked' });
    expect(client.frames.at(-1)).toMatchObject({
      event_type: 'global',
      message: 'error',
      body: { error: 'authentication revoked' },
    });
  });

  it('1008 when its token expires', async () => {
    // Time enough to connect on a busy machine.
    const token = hub.directory.tokenFor(CUSTOMER, { userId: 'brief', expiresAtMs: Date.now() + 2_000 });
    const client = await hub.open('event_types=call', { token });
    expect((await client.closed).code).toBe(1008);
  });

  it('1009 when it sends too much at once', async () => {
    const client = await hub.open();
    client.sendText('x'.repeat(70_000));
    expect((await client.closed).code).toBe(1009);
  });

  it('1013 when it does not read', async () => {
    const slow = await startHub({ wsMaxQueuedBytes: 64 * 1024 });
    const raw = await RawSocket.handshake(slow.hubUrl('event_types=call'), {
      Authorization: slow.directory.tokenFor(CUSTOMER),
    });
    await raw.waitFor((bytes) => bytes.includes('client_id'));
    raw.socket.pause();
    const filler = 'x'.repeat(60_000);
    await waitUntil(
      async () => {
        const draft = callCreated(CUSTOMER, 'fill');
        await slow.publish({ ...draft, body: { ...draft.body, filler } });
        return (await slow.metric('ringdown_blackhole_slow_closes_total 1')).length === 1;
      },
      { timeoutMs: 30_000, intervalMs: 1 },
    );
    raw.socket.resume();
    await waitUntil(async () => (await slow.metric('ringdown_blackhole_closes_total{')).length > 0);
    expect(await slow.metric('ringdown_blackhole_closes_total{')).toEqual([
      'ringdown_blackhole_closes_total{code="1013",reason="too_slow"} 1',
    ]);
    expect(raw.received.toString('latin1')).toContain('too slow: events were queued for too long');
    await slow.stop();
  }, 60_000);

  it('without a word when it does not answer pings, half an interval after one', async () => {
    const lively = await startHub({ wsHeartbeatIntervalMs: 300 });
    const raw = await RawSocket.handshake(lively.hubUrl(), {
      Authorization: lively.directory.tokenFor(CUSTOMER),
    });
    await raw.closed;
    // One ping and no second: the welcome is the only other frame.
    const pings = [...raw.received].filter((byte) => byte === 0x89).length;
    expect(pings).toBe(1);
    await lively.stop();
  });

  it('1001 at the end, which is told before', async () => {
    const ending = await startHub();
    const client = await ending.open('event_types=call');
    const stopped = ending.stop();
    expect(await client.closed).toEqual({ code: 1001, reason: 'server shutting down' });
    expect(client.frames.at(-1)).toMatchObject({ event_type: 'global', message: 'shutdown' });
    await stopped;
  });

  it('not when only the account it watched is lost: it is told, and keeps what is its own', async () => {
    const lost = 'f'.repeat(32);
    hub.directory.addAccount(lost, [ROOT, RESELLER]);
    const token = hub.tokenOf(RESELLER);
    const client = await hub.open(`event_types=call&account_id=${lost}`, { token });
    hub.directory.removeAccount(lost);
    const notice = await client.waitForFrame(({ message }) => message === 'error');
    expect(notice['body']).toEqual({
      error: 'no longer authorized for the account',
      unsubscribed: ['call'],
      subscriptions: ['global'],
    });
  });
});
