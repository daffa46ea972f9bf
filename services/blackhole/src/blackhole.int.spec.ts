import { silentLogger } from '@ringdown/core';
import { createAmqpBroker } from '@ringdown/broker';
import { listSockets } from '@ringdown/contracts';
import { ForeignAmqp, TcpProxy, createVhost, describeWithRabbitMq, waitUntil } from '@ringdown/testing';
import { FakeVisitors } from './testing/fake-visitors';
import { CUSTOMER, SIBLING, startBlackhole, type TestBlackhole } from './testing/start-blackhole';
import { chatMessage } from './testing/start-stomp';
import { StompClient } from './testing/stomp-client';

describeWithRabbitMq('blackhole on RabbitMQ', ({ amqpUrl, managementUrl }) => {
  let first: TestBlackhole;
  let second: TestBlackhole;
  let proxy: TcpProxy;
  let foreign: ForeignAmqp;

  beforeAll(async () => {
    const vhost = await createVhost({ amqpUrl, managementUrl });
    proxy = await TcpProxy.to(Number(new URL(amqpUrl).port || 5672), new URL(amqpUrl).hostname);
    const through = (url: string) => (service: string) =>
      createAmqpBroker({ urls: [url], service, logger: silentLogger });
    first = await startBlackhole({ wsCollapseIdsAbove: 8 }, through(proxy.rewrite(vhost.url)));
    second = await startBlackhole({}, through(vhost.url));
    foreign = await ForeignAmqp.connect(vhost.url);
  }, 60_000);

  afterAll(async () => {
    await first.stop();
    await second.stop();
  }, 60_000);

  const publish = (callId: string, accountId = CUSTOMER) =>
    foreign.publish('call', `call.CHANNEL_CREATE.${callId}`, {
      call_id: callId,
      custom_channel_vars: { account_id: accountId },
    });

  it('delivers on every instance, to the account alone, from the answer to subscribe on', async () => {
    const clients = await Promise.all([first, second].map((system) => system.connectAs(CUSTOMER)));
    const siblings = await Promise.all([first, second].map((system) => system.connectAs(SIBLING)));
    await Promise.all([...clients, ...siblings].map((client) => client.subscribe('call.CHANNEL_CREATE.*')));

    await publish('a1');
    await publish('a84b4c76e66710@10.1.2.3');
    for (const client of clients) {
      expect((await client.nextEvent()).data['call_id']).toBe('a1');
      expect((await client.nextEvent()).data['call_id']).toBe('a84b4c76e66710@10.1.2.3');
    }
    await publish('theirs', SIBLING);
    for (const sibling of siblings) {
      await sibling.nextEvent();
      expect(sibling.events).toHaveLength(1);
    }
    for (const client of [...clients, ...siblings]) await client.close();
  });

  it('lists the sockets of all instances', async () => {
    const clients = await Promise.all([first, second].map((system) => system.connectAs(CUSTOMER)));
    for (const client of clients) await client.requestOk('ping');

    await waitUntil(async () => {
      const { answers, missing } = await second.peer.requestAll(listSockets, { account_ids: [CUSTOMER] });
      const found = answers.map(({ value }) => value.sockets.length);
      return missing.length === 0 && found.length === 2 && found.every((count) => count === 1);
    });
    for (const client of clients) await client.close();
  });

  it('binds a wildcard for many ids, and each id still gets its own events only', async () => {
    const client = await first.connectAs(CUSTOMER);
    const ids = Array.from({ length: 40 }, (_, index) => `id-${index}`);
    for (const id of ids) await client.subscribe(`call.*.${id}`);

    await waitUntil(() => first.bindings().join() === 'call call.*.*.#');
    await publish('other');
    for (const id of ids) await publish(id);
    await waitUntil(() => client.events.length === ids.length);
    await client.flush();

    expect(client.events.map((event) => [event.subscribed_key, event.data['call_id']])).toEqual(
      ids.map((id) => [`call.*.${id}`, id]),
    );
    await client.requestOk('unsubscribe');
    await waitUntil(() => first.bindings().length === 0);
    await client.close();
  });

  it('tells of the gap after a lost connection, and everything is back', async () => {
    const client = await first.connectAs(CUSTOMER);
    const idle = await first.connectAs(CUSTOMER);
    await client.subscribe(['call.*.*', 'call.*.one']);
    await idle.requestOk('ping');

    proxy.set('refuse');
    proxy.cut();
    await waitUntil(() => !first.blackhole.readiness().ready);
    await client.requestOk('ping');
    client.sendJson({ action: 'subscribe', request_id: 'while-away', data: { binding: 'object.*.user' } });
    proxy.set('pass');

    const gap = await client.waitForFrame((frame) => frame['action'] === 'gap', 30_000);
    expect(gap).toMatchObject({ reason: 'broker_reconnect', since_ms: expect.any(Number) as number });
    expect((await client.waitForReply('while-away')).data['subscriptions']).toEqual([
      'call.*.*',
      'call.*.one',
      'object.*.user',
    ]);
    await waitUntil(() => first.blackhole.readiness().ready);
    await publish('one');
    await waitUntil(() => client.events.length === 2);
    await idle.flush();
    expect(idle.frames.some((frame) => frame['action'] === 'gap')).toBe(false);
    for (const each of [client, idle]) await each.close();
    await waitUntil(() => first.bindings().length === 0);
  }, 60_000);

  it('tells many visitors their own conversations, and ends them with their channel, on every instance', async () => {
    const keeper = await FakeVisitors.start(second.join('message-producer'));
    const visitors = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const conversation = `conversation-${index}`;
        const system = index % 2 === 0 ? first : second;
        const url = new URL('/ws.chatplugin', system.url).href;
        const client = await StompClient.connect(url, { token: keeper.tokenFor(CUSTOMER, conversation) });
        await client.subscribe('1', '/user/queue/message');
        return { client, conversation };
      }),
    );

    for (const { conversation } of visitors)
      await second.publish(chatMessage(CUSTOMER, `to ${conversation}`, conversation));
    for (const { conversation } of visitors)
      await second.publish(chatMessage(CUSTOMER, `again to ${conversation}`, conversation));

    for (const { client, conversation } of visitors) {
      const messages = (await client.messageCount(2)).map(
        ({ body }) => (JSON.parse(body) as { message: { id: string } }).message.id,
      );
      expect(messages).toEqual([`to ${conversation}`, `again to ${conversation}`]);
    }
    await keeper.disconnect(CUSTOMER, 'site');
    for (const { client } of visitors) {
      expect((await client.failure()).error?.headers['message']).toMatch(/^401 /);
      expect(client.messages).toHaveLength(2);
    }
  });
});
