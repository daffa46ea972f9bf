import { waitUntil } from '@ringdown/testing';
import {
  CUSTOMER,
  RESELLER,
  ROOT,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';

let system: TestBlackhole;

beforeAll(async () => {
  system = await startBlackhole({ wsUnauthenticatedTimeoutMs: 300 });
});

describe('expiry', () => {
  it('closes with 4001 after an error frame, and delivers nothing from that instant on', async () => {
    // Time enough to connect and subscribe on a busy machine.
    const expiresAtMs = Date.now() + 2_000;
    const client = await system.connect({ token: system.directory.tokenFor(CUSTOMER, { expiresAtMs }) });
    await client.subscribe('call.*.*');
    let published = 0;
    const publishing = setInterval(() => {
      const draft = callCreated(CUSTOMER, `e${published++}`);
      void system.publish({ ...draft, body: { ...draft.body, published_at: Date.now() } });
    }, 5);

    const closed = await client.closed;
    clearInterval(publishing);

    expect(closed).toEqual({ code: 4001, reason: 'authentication expired' });
    expect(client.frames.at(-1)).toMatchObject({
      action: 'reply',
      status: 'error',
      data: { errors: ['authentication expired'] },
    });
    expect(client.events.length).toBeGreaterThan(0);
    for (const { data } of client.events) expect(data['published_at']).toBeLessThan(expiresAtMs);
  });

  it('is put off by a fresh token', async () => {
    const first = system.directory.tokenFor(CUSTOMER, { expiresAtMs: Date.now() + 1_500 });
    const second = system.directory.tokenFor(CUSTOMER, { expiresAtMs: Date.now() + 3_500 });
    const client = await system.connect({ token: first });
    await client.requestOk('ping');

    client.token = second;
    await client.requestOk('ping');
    await waitUntil(() => Date.now() > system.directory.principalOf(first).expiresAtMs! + 300);
    await client.requestOk('ping');

    await client.closed;
    expect(Date.now()).toBeGreaterThanOrEqual(system.directory.principalOf(second).expiresAtMs!);
  });
});

describe('a socket that does not authenticate', () => {
  it('is closed', async () => {
    const client = await system.connect();

    expect(await client.closed).toEqual({ code: 4001, reason: 'not authenticated in time' });
  });
});

describe('a change of rights', () => {
  it('closes the sockets of a revoked token with 4003, and no others', async () => {
    const token = system.directory.tokenFor(CUSTOMER);
    const client = await system.connect({ token });
    const other = await system.connectAs(CUSTOMER);
    for (const each of [client, other]) await each.subscribe('call.*.*');

    system.directory.revoke(token);

    expect(await client.closed).toEqual({ code: 4003, reason: 'authentication revoked' });
    expect(client.frames.at(-1)).toMatchObject({
      status: 'error',
      data: { errors: ['authentication revoked'] },
    });
    await other.flush();
  });

  it.each(['disabled', 'deleted', 'revoked'] as const)('closes the sockets of a %s user', async (reason) => {
    const token = system.directory.tokenFor(CUSTOMER, { userId: 'leaving' });
    const client = await system.connect({ token });
    await client.requestOk('ping');

    system.directory.invalidate(token, reason);
    system.directory.tell({ kind: 'principal', accountId: CUSTOMER, userId: 'leaving' });

    expect((await client.closed).code).toBe(4003);
  });

  it('missed while the broker was away is found by checking everybody', async () => {
    const token = system.directory.tokenFor(CUSTOMER);
    const client = await system.connect({ token });
    await client.requestOk('ping');

    system.directory.invalidate(token, 'deleted');
    system.directory.tell({ kind: 'all' });

    expect((await client.closed).code).toBe(4003);
  });

  it('takes away subscriptions to an account that was deleted, and says so', async () => {
    const account = system.directory.addAccount('e'.repeat(32), [ROOT, RESELLER]);
    const client = await system.connectAs(RESELLER);
    await client.subscribe('call.*.*', account);
    await client.subscribe('object.*.*');

    system.directory.removeAccount(account);

    const notice = await client.waitForFrame((frame) => frame['status'] === 'error');
    expect(notice['data']).toEqual({
      errors: ['unauthorized account id'],
      unsubscribed: ['call.*.*'],
      subscribed: ['object.*.*'],
      subscriptions: ['object.*.*'],
    });
    await system.publish(callCreated(account, 'late'));
    await client.flush();
    expect(client.events).toEqual([]);
  });

  it('during a subscribe that waits for the broker counts', async () => {
    const token = system.directory.tokenFor(CUSTOMER);
    const client = await system.connect();
    let confirm: (() => void) | undefined;
    system.beforeBind = () => new Promise((resolve) => (confirm = resolve));
    client.sendJson({
      action: 'subscribe',
      request_id: 'r',
      auth_token: token,
      data: { binding: 'fax.status.race' },
    });
    await waitUntil(() => confirm !== undefined);

    system.directory.revoke(token);
    system.beforeBind = () => Promise.resolve();
    confirm!();

    const reply = await client.waitForReply('r');
    expect(reply.data.errors).toEqual(['authentication no longer valid']);
    await waitUntil(() => !system.bindings().some((binding) => binding.includes('race')));
  });

  it('of the account tree during a subscribe counts', async () => {
    const account = system.directory.addAccount('f'.repeat(32), [ROOT, RESELLER]);
    const client = await system.connectAs(RESELLER);
    await client.requestOk('ping');
    let confirm: (() => void) | undefined;
    system.beforeBind = () => new Promise((resolve) => (confirm = resolve));
    client.sendJson({
      action: 'subscribe',
      request_id: 'r',
      data: { account_id: account, binding: 'fax.status.tree' },
    });
    await waitUntil(() => confirm !== undefined);

    system.directory.removeAccount(account);
    system.beforeBind = () => Promise.resolve();
    confirm!();

    expect((await client.waitForReply('r')).data.errors).toEqual(['unauthorized account id']);
  });

  it('that cannot be looked into holds delivery back, and the loss is told afterwards', async () => {
    const client = await system.connectAs(SIBLING);
    await client.subscribe('call.*.*');
    system.directory.unavailable = true;

    system.directory.tell({ kind: 'all' });
    await client.flush();
    // Other specs of this file may have withheld something before.
    const withheld = async (): Promise<string> =>
      (await system.metric('ringdown_blackhole_deliveries_withheld_total{')).join();
    const before = await withheld();
    await system.publish(callCreated(SIBLING, 'withheld'));
    await waitUntil(async () => (await withheld()) !== before);
    expect(client.events).toEqual([]);
    system.directory.unavailable = false;

    const gap = await client.waitForFrame((frame) => frame['action'] === 'gap');
    expect(gap).toMatchObject({ reason: 'authorization_check' });
    await system.publish(callCreated(SIBLING, 'again'));
    expect((await client.nextEvent()).data['call_id']).toBe('again');
  });

  it('that may have been missed holds delivery back when it stays unknown, although nobody tells of it', async () => {
    const client = await system.connectAs(SIBLING);
    await client.subscribe('call.*.*');
    system.directory.unavailable = true;
    system.directory.ready = false;

    let published = 0;
    await waitUntil(async () => {
      await system.publish(callCreated(SIBLING, `unsure-${published++}`));
      await client.flush();
      return published > client.events.length + 2;
    });
    system.directory.unavailable = false;
    system.directory.ready = true;

    expect(await client.waitForFrame((frame) => frame['action'] === 'gap')).toMatchObject({
      reason: 'authorization_check',
    });
  });

  it('is looked into at once when it can be, not after the pause before the next try', async () => {
    const client = await system.connectAs(SIBLING);
    await client.subscribe('call.*.*');
    const checks = (): number => system.directory.questions.filter((it) => it === 'check').length;
    system.directory.unavailable = true;
    system.directory.tell({ kind: 'all' });
    const before = checks();
    // By then the pauses have grown to seconds.
    await waitUntil(() => checks() >= before + 4);
    system.directory.unavailable = false;
    const asked = checks();

    system.directory.tell({ kind: 'all' });

    expect(checks()).toBeGreaterThan(asked);
  });
});
