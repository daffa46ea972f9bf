import { randomHex } from '@ringdown/core';
import { ForeignAmqp, TestSystem, createVhost, describeWithRabbitMq, waitUntil } from '@ringdown/testing';
import { expectStatus, makeMember } from './family-tree';

interface SocketRow {
  readonly websocket_session_id: string;
  readonly bindings: readonly string[];
  readonly source: string;
}

/** The cases of Kazoo's own acceptance suite for its sockets (kazoo_proper, seq_ping … seq_count_bindings). */
describeWithRabbitMq("Kazoo's acceptance cases", (broker) => {
  async function given() {
    const vhost = await createVhost(broker);
    const system = await TestSystem.start({ amqpUrl: vhost.url });
    const admin = await system.admin();
    return { vhost, system, admin, foreign: await ForeignAmqp.connect(vhost.url) };
  }

  let world: Awaited<ReturnType<typeof given>>;
  beforeAll(async () => {
    world = await given();
  }, 120_000);

  it('a ping with a token is answered under its request id, again and again', async () => {
    const socket = await world.system.connect(world.admin.token);

    for (const request_id of ['p1', 'p2']) {
      expect(await socket.request('ping', undefined, { request_id })).toEqual({
        action: 'reply',
        request_id,
        status: 'success',
        data: { response: 'pong' },
      });
    }
  });

  it('one connection too many from one address is refused with 429', async () => {
    const tight = await world.system.startBlackhole({ RINGDOWN_WS_MAX_CONNECTIONS_PER_IP: 1 });
    await world.system.connect(undefined, tight);

    await expect(world.system.connect(undefined, tight)).rejects.toMatchObject({ status: 429 });
  }, 60_000);

  it('the socket of the master account is found under a new sub-account, with its bindings', async () => {
    const { system, admin } = world;
    const child = await makeMember(admin, admin.accountId, 'sub');
    const list = async () =>
      (await admin.get<SocketRow[]>(`/v2/accounts/${child.accountId}/websockets`)).data;
    const before = await list();
    const socket = await system.connect(admin.token);
    await socket.requestOk('ping');

    const [row] = (await list()).filter(
      ({ websocket_session_id }) =>
        !before.some((other) => other.websocket_session_id === websocket_session_id),
    );
    expect(row).toMatchObject({ bindings: [], source: '127.0.0.1' });
    const detail = async () =>
      (await admin.get<SocketRow>(`/v2/accounts/${child.accountId}/websockets/${row!.websocket_session_id}`))
        .data;

    const binding = 'object.doc_created.user';
    const subscribed = await socket.request('subscribe', { account_id: child.accountId, binding });
    expect(subscribed).toMatchObject({ status: 'success', data: { subscribed: [binding] } });
    expect(await detail()).toMatchObject({ ...row, bindings: [binding] });

    const unsubscribed = await socket.request('unsubscribe', { account_id: child.accountId, binding });
    expect(unsubscribed.data).toMatchObject({ unsubscribed: [binding], subscribed: [] });
    expect(await detail()).toMatchObject({ bindings: [] });

    await socket.close();
    await waitUntil(async () => (await list()).length === before.length);
  });

  it('a document and a call of a sub-account are heard, those of another account are not', async () => {
    const { system, admin, foreign } = world;
    const child = await makeMember(admin, admin.accountId, 'sub');
    const socket = await system.connect(admin.token);
    await socket.subscribe('object.*.user', child.accountId);

    const made = await expectStatus(
      201,
      admin.put(`/v2/accounts/${child.accountId}/users`, { first_name: 'Bob', last_name: 'Builder' }),
    );
    expect(await socket.nextEvent()).toMatchObject({
      subscribed_key: 'object.*.user',
      name: 'doc_created',
      data: { type: 'user', account_id: child.accountId, id: made.data['id'] },
    });
    await expectStatus(200, admin.delete(`/v2/accounts/${child.accountId}/users/${String(made.data['id'])}`));
    expect(await socket.nextEvent()).toMatchObject({
      name: 'doc_deleted',
      data: { id: made.data['id'], is_soft_deleted: true },
    });

    await socket.subscribe('call.CHANNEL_CREATE.*', child.accountId);
    const call = (accountId: string) => ({
      event_name: 'CHANNEL_CREATE',
      call_id: randomHex(32),
      call_direction: 'inbound',
      custom_channel_vars: { account_id: accountId },
    });
    const foreignCall = call(randomHex(32));
    const ownCall = call(child.accountId);
    await foreign.publish('call', `call.CHANNEL_CREATE.${foreignCall.call_id}`, foreignCall);
    await foreign.publish('call', `call.CHANNEL_CREATE.${ownCall.call_id}`, ownCall);
    expect(await socket.nextEvent()).toMatchObject({ name: 'CHANNEL_CREATE', data: ownCall });
  });

  it('one binding for two accounts is two subscriptions', async () => {
    const { system, admin, foreign } = world;
    const one = await makeMember(admin, admin.accountId, 'one');
    const two = await makeMember(admin, admin.accountId, 'two');
    const socket = await system.connect(admin.token);
    await socket.subscribe('call.CHANNEL_CREATE.*', one.accountId);
    await socket.subscribe('call.CHANNEL_CREATE.*', two.accountId);

    await socket.unsubscribe('call.CHANNEL_CREATE.*', one.accountId);
    await foreign.publish('call', 'call.CHANNEL_CREATE.1', { account_id: one.accountId });
    await foreign.publish('call', 'call.CHANNEL_CREATE.2', { account_id: two.accountId });

    expect(await socket.nextEvent()).toMatchObject({ data: { call_id: '2' } });
    expect(socket.events).toHaveLength(1);
  });

  it('user and call events come again after the broker dropped every connection', async () => {
    const { vhost, system, admin, foreign } = world;
    const child = await makeMember(admin, admin.accountId, 'sub');
    const socket = await system.connect(admin.token);
    await socket.subscribe(['call.CHANNEL_CREATE.*', 'object.*.user'], child.accountId);

    const connections = (await vhost.management.get(`vhosts/${vhost.path}/connections`)) as {
      name: string;
    }[];
    for (const { name } of connections)
      await vhost.management.delete(`connections/${encodeURIComponent(name)}`);

    await socket.waitForFrame((frame) => frame['action'] === 'gap', 30_000, 'the gap notice');
    await foreign.close();
    const again = await ForeignAmqp.connect(vhost.url);
    await again.publish('call', 'call.CHANNEL_CREATE.after', { account_id: child.accountId });
    expect(await socket.nextEvent(({ name }) => name === 'CHANNEL_CREATE')).toMatchObject({
      data: { call_id: 'after' },
    });
    await waitUntil(
      async () =>
        (await admin.put(`/v2/accounts/${child.accountId}/users`, { first_name: 'A', last_name: 'B' }))
          .status === 201,
    );
    expect(await socket.nextEvent(({ name }) => name === 'doc_created')).toMatchObject({
      data: { type: 'user' },
    });
  }, 60_000);
});
