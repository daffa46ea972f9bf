import { ForeignAmqp, TestSystem, createVhost, describeWithRabbitMq, waitUntil } from '@ringdown/testing';
import { makeMember } from './family-tree';

interface SocketRow {
  readonly websocket_session_id: string;
  readonly bindings: readonly string[];
}

describeWithRabbitMq('two gateways on one broker', (broker) => {
  it('both deliver, are both listed, and the list survives the death of one', async () => {
    const vhost = await createVhost(broker);
    const system = await TestSystem.start({ amqpUrl: vhost.url, blackholes: 2 });
    const admin = await system.admin();
    const member = await makeMember(admin, admin.accountId, 'member');
    const foreign = await ForeignAmqp.connect(vhost.url);
    const [first, second] = system.blackholes as [
      (typeof system.blackholes)[0],
      (typeof system.blackholes)[0],
    ];
    const onFirst = await system.connect(member.token, first);
    const onSecond = await system.connect(member.token, second);
    await onFirst.subscribe('call.*.*');
    await onSecond.subscribe('call.CHANNEL_CREATE.*');
    const list = () => member.api.get<SocketRow[]>(`/v2/accounts/${member.accountId}/websockets`);

    await foreign.publish('call', 'call.CHANNEL_CREATE.a1', { account_id: member.accountId });

    expect(await onFirst.nextEvent()).toMatchObject({ data: { call_id: 'a1' } });
    expect(await onSecond.nextEvent()).toMatchObject({ data: { call_id: 'a1' } });
    const both = await list();
    expect(both.data.flatMap(({ bindings }) => bindings).sort()).toEqual([
      'call.*.*',
      'call.CHANNEL_CREATE.*',
    ]);
    expect(both.envelope['missing'] ?? []).toEqual([]);

    // A socket is found and closed wherever it lives.
    const closing = await system.connect(member.token, second);
    await closing.subscribe('fax.status.*');
    const id = (await list()).data.find(({ bindings }) =>
      bindings.includes('fax.status.*'),
    )!.websocket_session_id;
    expect((await member.api.delete(`/v2/accounts/${member.accountId}/websockets/${id}`)).status).toBe(200);
    expect(await closing.closed).toMatchObject({ code: 4010 });
    expect((await member.api.get(`/v2/accounts/${member.accountId}/websockets/${id}`)).status).toBe(404);

    await first.process.kill9();

    const afterDeath = await list();
    expect(afterDeath.status).toBe(200);
    expect(afterDeath.data.map(({ bindings }) => bindings)).toEqual([['call.CHANNEL_CREATE.*']]);
    expect(afterDeath.envelope['missing']).toHaveLength(1);
    await waitUntil(
      async () =>
        ((await list()).envelope['missing'] ?? []) instanceof Array &&
        (((await list()).envelope['missing'] as unknown[] | undefined) ?? []).length === 0,
    );
    await foreign.publish('call', 'call.CHANNEL_CREATE.a2', { account_id: member.accountId });
    expect(await onSecond.nextEvent()).toMatchObject({ data: { call_id: 'a2' } });
  }, 120_000);
});
