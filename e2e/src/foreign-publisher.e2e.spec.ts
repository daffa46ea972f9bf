import { ForeignAmqp, TestSystem, createVhost, describeWithRabbitMq } from '@ringdown/testing';
import { makeFamily } from './family-tree';

describeWithRabbitMq('an event published by any AMQP client', (broker) => {
  async function given() {
    const vhost = await createVhost(broker);
    const system = await TestSystem.start({ amqpUrl: vhost.url });
    const family = await makeFamily(system);
    return { system, foreign: await ForeignAmqp.connect(vhost.url), ...family };
  }

  let world: Awaited<ReturnType<typeof given>>;
  beforeAll(async () => {
    world = await given();
  }, 120_000);

  it('reaches the subscribers of its account by event and by call, and no parent or sibling', async () => {
    const { system, foreign, parent, child, sibling } = world;
    const [byEvent, byCall, above, beside] = await Promise.all([
      system.connect(child.token),
      system.connect(child.token),
      system.connect(parent.token),
      system.connect(sibling.token),
    ]);
    await byEvent.subscribe('call.CHANNEL_CREATE.*');
    await byCall.subscribe('call.*.a1');
    await above.subscribe('call.CHANNEL_CREATE.*');
    await beside.subscribe('call.*.*');

    await foreign.publish('call', 'call.CHANNEL_CREATE.a1', {
      call_id: 'a1',
      custom_channel_vars: { account_id: child.accountId },
    });

    expect(await byEvent.nextEvent()).toMatchObject({
      action: 'event',
      subscribed_key: 'call.CHANNEL_CREATE.*',
      name: 'CHANNEL_CREATE',
      routing_key: 'call.CHANNEL_CREATE.a1',
      data: { call_id: 'a1', custom_channel_vars: { account_id: child.accountId } },
    });
    expect(await byCall.nextEvent()).toMatchObject({ subscribed_key: 'call.*.a1', data: { call_id: 'a1' } });
    // What follows on the same gateway and for the same socket proves that the first was not merely late.
    for (const [socket, accountId] of [
      [above, parent.accountId],
      [beside, sibling.accountId],
    ] as const) {
      await foreign.publish('call', 'call.CHANNEL_CREATE.marker', {
        call_id: 'marker',
        account_id: accountId,
      });
      await socket.nextEvent();
      expect(socket.events.map(({ data }) => data['call_id'])).toEqual(['marker']);
    }
  });

  it('reaches a parent that named the account', async () => {
    const { system, foreign, parent, child } = world;
    const above = await system.connect(parent.token);
    await above.subscribe('call.CHANNEL_ANSWER.*', child.accountId);

    await foreign.publish('call', 'call.CHANNEL_ANSWER.a2', { call_id: 'a2', account_id: child.accountId });

    expect(await above.nextEvent()).toMatchObject({ data: { call_id: 'a2' } });
  });

  it.each([
    ['raw', 'dab25c76-7479-4ed2-ba92-6b725d68e351@10.26.0.91'],
    ['encoded', 'dab25c76-7479-4ed2-ba92-6b725d68e351@10%2E26%2E0%2E91'],
  ])('is found by a call id with dots and @ that the client wrote %s', async (_, written) => {
    const { system, foreign, child } = world;
    const callId = 'dab25c76-7479-4ed2-ba92-6b725d68e351@10.26.0.91';
    const socket = await system.connect(child.token);
    await socket.subscribe(`call.CHANNEL_CREATE.${written}`);
    const body = { call_id: callId, account_id: child.accountId };

    await foreign.publish('call', `call.CHANNEL_CREATE.${callId}`, body);
    await foreign.publish('call', `call.CHANNEL_CREATE.${callId.replaceAll('.', '%2E')}`, body);
    await foreign.publish('call', 'call.CHANNEL_CREATE.other', { ...body, call_id: 'other' });

    for (let i = 0; i < 2; i += 1) {
      expect(await socket.nextEvent()).toMatchObject({
        subscribed_key: `call.CHANNEL_CREATE.${written}`,
        data: { call_id: callId },
      });
    }
    await socket.flush();
    expect(socket.events).toHaveLength(2);
  });

  it('without an account is seen by the super admin alone', async () => {
    const { system, foreign, admin, child } = world;
    const everything = await system.connect(admin.token);
    const own = await system.connect(child.token);
    await everything.subscribe('call.CHANNEL_DESTROY.*', '*');
    await own.subscribe('call.CHANNEL_DESTROY.*');

    await foreign.publish('call', 'call.CHANNEL_DESTROY.nobody', { call_id: 'nobody' });
    await foreign.publish('call', 'call.CHANNEL_DESTROY.mine', { account_id: child.accountId });

    expect(await everything.nextEvent()).toMatchObject({ data: { call_id: 'nobody' } });
    expect(await own.nextEvent()).toMatchObject({ data: { call_id: 'mine' } });
    expect(own.events).toHaveLength(1);
  });

  it('does no harm when it cannot be used', async () => {
    const { system, foreign, child } = world;
    const socket = await system.connect(child.token);
    await socket.subscribe('call.CHANNEL_HOLD.*');

    await foreign.publish('call', 'call.CHANNEL_HOLD.x', 'this is not JSON');
    await foreign.publish('call', 'call.CHANNEL_HOLD.x', '[1,2]');
    await foreign.publish('call', 'call.CHANNEL_HOLD.x', Buffer.from([0xff, 0xfe, 0x00]));
    await foreign.publish('call', 'call.CHANNEL_HOLD.x', {
      account_id: child.accountId,
      timestamp: { a: [] },
    });
    await foreign.publish(
      'call',
      'call.CHANNEL_HOLD.x',
      { call_id: 7, account_id: ['x'] },
      { headers: { account_id: { nested: true }, list: [1, 2], when: new Date(0) }, contentEncoding: 'gzip' },
    );
    await foreign.publish('call', 'call.CHANNEL_HOLD.good', { account_id: child.accountId });

    expect(await socket.nextEvent()).toMatchObject({ data: { call_id: 'good' } });
    expect(socket.events).toHaveLength(1);
  });
});
