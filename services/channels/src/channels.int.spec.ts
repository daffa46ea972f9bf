import { createAmqpBroker, type Broker } from '@ringdown/broker';
import { listChannels, type ListChannelsResult, type WireMessage } from '@ringdown/contracts';
import { randomHex, silentLogger } from '@ringdown/core';
import { TcpProxy, createVhost, describeWithRabbitMq, waitUntil, type Vhost } from '@ringdown/testing';
import { channelState, ofStranger, ofSwitch, snapshotOf } from './testing/entries';
import { startChannels, type TestChannels } from './testing/start-channels';

const names = [
  'CHANNEL_CREATE',
  'CHANNEL_ANSWER',
  'CHANNEL_BRIDGE',
  'CHANNEL_HOLD',
  'CHANNEL_UNHOLD',
  'PARK_PARKED',
  'PARK_RETRIEVED',
  'CHANNEL_DESTROY',
] as const;

const pick = <T>(items: readonly T[]): T => items[Math.floor(Math.random() * items.length)]!;

/** Whatever may happen, in any order. */
function anything(callIds: readonly string[]): WireMessage {
  return pick([ofSwitch, ofSwitch, ofStranger])(pick(names), {
    callId: pick(callIds),
    at: Math.floor(Math.random() * 100) * 100,
    messageId: randomHex(32),
    body: { other_leg_call_id: pick(callIds), caller_id_name: pick(['Ann', 'Bob']) },
  });
}

describeWithRabbitMq('channels on RabbitMQ', ({ amqpUrl, managementUrl }) => {
  let vhost: Vhost;

  const connect = (url: string) => (service: string) =>
    createAmqpBroker({ urls: [url], service, logger: silentLogger });
  const start = (prepare?: (peer: Broker) => Promise<void>, url = vhost.url) =>
    startChannels(connect(url), prepare);
  const listOf = (asked: TestChannels): Promise<ListChannelsResult> =>
    asked.peer.requestTo(asked.broker.instance, listChannels, {});
  const settled = async (...all: readonly TestChannels[]): Promise<readonly ListChannelsResult[]> => {
    let lists: readonly ListChannelsResult[] = [];
    // Fences are in the log, too, and each knows only its own.
    await all[0]!.publish(ofStranger('CHANNEL_CREATE', { callId: 'last' }));
    await waitUntil(
      async () => {
        lists = await Promise.all(all.map(listOf));
        return new Set(lists.map(({ offset }) => offset)).size === 1;
      },
      { timeoutMs: 15_000, what: 'equal offsets' },
    );
    return lists;
  };

  beforeEach(async () => {
    vhost = await createVhost({ amqpUrl, managementUrl });
  });

  it('two replicas agree wherever they stand at the same offset', async () => {
    const replicas = [await start(), await start()] as const;
    const [first] = replicas;
    const callIds = Array.from({ length: 40 }, (_, n) => `call-${n}`);
    const seen = [new Map<number, string>(), new Map<number, string>()] as const;
    const look = async (n: 0 | 1): Promise<void> => {
      const { offset, channels } = await listOf(replicas[n]);
      seen[n].set(offset, JSON.stringify(channels));
    };

    for (let round = 0; round < 60; round += 1) {
      const messages = Array.from({ length: 20 }, () => anything(callIds));
      if (round % 10 === 9) {
        messages.push(
          ...snapshotOf(
            callIds.slice(0, 20).map((id) => channelState(id)),
            10_000,
          ),
        );
      }
      await Promise.all([first.publish(...messages), look(0), look(1)]);
    }
    await settled(...replicas);
    await Promise.all([look(0), look(1)]);

    const common = [...seen[0].keys()].filter((offset) => seen[1].has(offset));
    expect(common.length).toBeGreaterThan(0);
    for (const offset of common) expect(seen[1].get(offset)).toBe(seen[0].get(offset));

    const third = await start();
    const [whole, read] = await settled(first, third);
    expect(read!.channels).toEqual(whole!.channels);
    for (const replica of [...replicas, third]) await replica.stop();
  }, 60_000);

  it('a replica that starts anew knows the thousand live calls as soon as it is ready', async () => {
    const live = Array.from({ length: 1_000 }, (_, n) => `live-${n}`);
    const publishAll = async (peer: Broker): Promise<void> => {
      const ended = live.map((id) => id.replace('live', 'ended'));
      for (const name of ['CHANNEL_CREATE', 'CHANNEL_ANSWER'] as const) {
        await Promise.all([...live, ...ended].map((callId) => peer.publish(ofSwitch(name, { callId }))));
      }
      await Promise.all(ended.map((callId) => peer.publish(ofSwitch('CHANNEL_DESTROY', { callId }))));
    };
    const before = await start();
    await publishAll(before.peer);
    await before.waitForCount(1_000);
    const known = await before.list();
    await before.stop();

    const after = await start();
    expect(after.service.readiness()).toMatchObject({ ready: true });
    expect(await after.list()).toEqual(known);
    await after.stop();
  }, 60_000);

  it('is behind from a lost connection until it has read what it missed', async () => {
    const proxy = await TcpProxy.to(Number(new URL(amqpUrl).port || 5672), new URL(amqpUrl).hostname);
    const channels = await start(undefined, proxy.rewrite(vhost.url));
    const publisher = connect(vhost.url)('publisher');
    await publisher.start();
    await publisher.publish(ofSwitch('CHANNEL_CREATE'));
    await channels.waitForCount(1);

    proxy.set('refuse');
    proxy.cut();
    await waitUntil(() => !channels.service.readiness().ready, { what: 'readiness to go' });
    await publisher.publish(ofSwitch('CHANNEL_CREATE', { callId: 'meanwhile' }));
    await publisher.publish(ofSwitch('CHANNEL_DESTROY'));
    proxy.set('pass');

    await waitUntil(() => channels.service.readiness().ready, {
      timeoutMs: 20_000,
      what: 'readiness to return',
    });
    expect(await listOf(channels)).toMatchObject({ channels: [{ call_id: 'meanwhile' }] });
    await publisher.stop();
    await channels.stop();
  }, 60_000);

  it('forgets everything with a log that was made anew', async () => {
    const channels = await start();
    await channels.publish(ofSwitch('CHANNEL_CREATE'));
    await channels.waitForCount(1);

    await vhost.management.delete(`queues/${vhost.path}/journal.call`);
    await waitUntil(
      async () =>
        (await channels.metric('ringdown_channels_resets_total')).some((line) => / [1-9]/.test(line)),
      { timeoutMs: 30_000, what: 'the reset' },
    );
    await waitUntil(() => channels.service.readiness().ready, { timeoutMs: 20_000 });
    expect(await channels.list()).toEqual([]);
    await channels.publish(ofSwitch('CHANNEL_CREATE', { callId: 'next' }));
    await channels.waitForCount(1);
    await channels.stop();
  }, 90_000);
});
