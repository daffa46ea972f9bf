import { connect, type ChannelModel } from 'amqplib';
import { randomHex } from '@ringdown/core';
import type { Broker } from '../broker';
import { type OpenLog, openLogOf } from '../contract/contract-suite';
import { createVhost, rabbitFrom, type RabbitVhost } from '../contract/rabbitmq-vhost';
import { createTcpProxy, type TcpProxy } from '../contract/tcp-proxy';
import { until, untilResolved } from '../contract/until';
import { type AmqpBrokerOptions, createAmqpBroker } from './amqp-broker';

const server = rabbitFrom(process.env);
const describeWithRabbit = server === undefined ? describe.skip : describe;

describeWithRabbit('the event log on RabbitMQ', () => {
  let vhost: RabbitVhost;
  let proxy: TcpProxy;
  let brokers: Broker[] = [];
  let tag: string;

  beforeEach(async () => {
    tag = randomHex(8);
    vhost = await createVhost(server!, 'log');
    const { hostname, port } = new URL(vhost.url);
    proxy = await createTcpProxy(Number(port || 5672), hostname);
  });
  afterEach(async () => {
    await Promise.all(brokers.map((it) => it.stop()));
    brokers = [];
    await proxy.close();
    await vhost.delete();
  });

  /** Through the proxy, so that the test can cut it off. */
  async function connectThroughProxy(options: Partial<AmqpBrokerOptions> = {}): Promise<Broker> {
    const url = new URL(vhost.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    return start(createAmqpBroker({ urls: [url.href], service: 'reader', ...options }));
  }

  async function connectDirectly(options: Partial<AmqpBrokerOptions> = {}): Promise<Broker> {
    return start(createAmqpBroker({ urls: [vhost.url], service: 'writer', ...options }));
  }

  async function start(broker: Broker): Promise<Broker> {
    brokers.push(broker);
    await broker.start();
    return broker;
  }

  async function publish(broker: Broker, count: number, word: string, body = '{}'): Promise<string[]> {
    const keys = Array.from({ length: count }, (_, n) => `${tag}.${word}.${n}`);
    await Promise.all(
      keys.map((routingKey) => broker.publish({ exchange: 'call', routingKey, body: Buffer.from(body) })),
    );
    return keys;
  }

  async function withoutUs(run: (model: ChannelModel) => Promise<unknown>): Promise<void> {
    const model = await connect(vhost.url);
    try {
      await run(model);
    } finally {
      await model.close();
    }
  }

  async function deleteStream(): Promise<void> {
    await withoutUs(async (model) => (await model.createChannel()).deleteQueue('journal.call'));
  }

  const words = (log: OpenLog): string[] => [...new Set(log.keys().map((it) => it.split('.')[1]!))];

  it('reads on after a lost connection, without a hole or a repeat', async () => {
    const [reading, writing] = [await connectThroughProxy(), await connectDirectly()];
    const log = await openLogOf(reading, tag);
    const sent: string[] = [];

    for (const word of ['one', 'two', 'three', 'four']) {
      const publishing = publish(writing, 2_000, word);
      const before = log.entries.length;
      await until('some of it', () => log.entries.length > before);
      proxy.cut();
      sent.push(...(await publishing));
      proxy.restore();
    }
    await until('all', () => log.keys().length >= sent.length);
    await log.reader.fence();

    expect(log.keys()).toEqual(sent);
    const offsets = log.entries.map((it) => it.offset);
    expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
    expect(log.truncations).toEqual([]);
    expect(log.resets).toEqual([]);
  }, 60_000);

  it('loses nothing between being opened for what comes and its first entry', async () => {
    const [reading, writing] = [await connectThroughProxy(), await connectDirectly()];
    const log = await openLogOf(reading, tag, { from: 'next' });

    proxy.cut();
    const sent = await publish(writing, 10, 'meanwhile');
    proxy.restore();

    await until('all', () => log.keys().length === 10);
    expect(log.keys()).toEqual(sent);
  });

  it('waits with a fence for the connection, and tells when it cannot be written', async () => {
    const reading = await connectThroughProxy();
    const log = await openLogOf(reading, tag);
    const before = await log.reader.fence();
    proxy.cut();

    await expect(log.reader.fence({ timeoutMs: 200 })).rejects.toMatchObject({ code: 'unavailable' });
    const waiting = log.reader.fence({ timeoutMs: 20_000 });
    proxy.restore();

    expect(await waiting).toBeGreaterThan(before);
  }, 30_000);

  it('starts over when its stream is deleted under it', async () => {
    const broker = await connectDirectly();
    const log = await openLogOf(broker, tag);
    await publish(broker, 20, 'lost');
    await log.reader.fence();

    await deleteStream();
    await until('the reset', () => log.resets.length === 1);
    await publish(broker, 3, 'new');
    await log.reader.fence();

    expect(log.resets).toEqual([20]);
    expect(log.entries.slice(20).map((it) => it.message.routingKey)).toEqual(
      [0, 1, 2].map((n) => `${tag}.new.${n}`),
    );
    expect(log.entries[20]!.offset).toBeLessThan(20);
    expect(log.truncations).toEqual([]);
  });

  it.each([
    ['has not come as far', 5],
    ['has grown past where the reader was', 500],
  ])(
    'starts over when the stream was made anew while it was away and %s',
    async (_, count) => {
      const [reading, writing] = [await connectThroughProxy(), await connectDirectly()];
      const log = await openLogOf(reading, tag);
      await publish(writing, 100, 'lost');
      await log.reader.fence();

      proxy.cut();
      await deleteStream();
      // Whoever connects makes it again.
      const other = await connectDirectly();
      const sent = await publish(other, count, 'new');
      proxy.restore();
      await until('the reset', () => log.resets.length > 0);
      await log.reader.fence({ timeoutMs: 20_000 });

      expect(log.resets).toEqual([100]);
      expect(log.keys().slice(100)).toEqual(sent);
      expect(log.truncations).toEqual([]);
    },
    30_000,
  );

  it('tells what was let go of while it was away, and reads on from there', async () => {
    const journal = { maxAgeS: 86_400, maxBytes: 1024 * 1024 };
    const writing = await connectDirectly({ journal });
    const reading = await connectThroughProxy({ journal });
    const log = await openLogOf(reading, tag);
    const watcher = await openLogOf(writing, tag);
    await publish(writing, 10, 'read');
    await log.reader.fence();
    const position = log.reader.position!;

    proxy.cut();
    const body = 'x'.repeat(16 * 1024);
    for (let first = 0; first <= position; first = (await watcher.reader.firstOffset()) ?? 0) {
      await publish(writing, 20, 'much', body);
    }
    proxy.restore();
    await until('the notice', () => log.truncations.length > 0);
    await Promise.all([log.reader.fence(), watcher.reader.fence()]);

    const { to } = log.truncations[0]!;
    expect(log.truncations).toEqual([{ from: position, to }]);
    expect(to).toBeGreaterThan(position);
    expect(log.entries.slice(10)).toEqual(watcher.entries.filter((it) => it.offset >= to));
    expect(log.resets).toEqual([]);
  }, 60_000);

  it('takes the holes that RabbitMQ leaves between segments for what they are', async () => {
    const journal = { maxAgeS: 86_400, maxBytes: 8 * 1024 * 1024 };
    const broker = await connectDirectly({ journal });
    const log = await openLogOf(broker, tag);

    const body = 'x'.repeat(4 * 1024);
    for (let round = 0; round < 4; round += 1) await publish(broker, 200, `round${round}`, body);
    const last = await log.reader.fence();

    expect(last).toBeGreaterThan(800);
    expect(log.entries).toHaveLength(800);
    expect(log.truncations).toEqual([]);
  });

  it('keeps a stream that was made with other limits, and reads it', async () => {
    await withoutUs(async (model) => {
      const channel = await model.createChannel();
      await channel.assertQueue('journal.call', {
        durable: true,
        arguments: { 'x-queue-type': 'stream', 'x-max-age': '7D' },
      });
    });

    const broker = await connectDirectly();
    const log = await openLogOf(broker, tag);
    const sent = await publish(broker, 3, 'x');
    await log.reader.fence();

    expect(log.keys()).toEqual(sent);
    const queue = (await vhost.call('GET', 'queues/{vhost}/journal.call')) as {
      arguments: Record<string, unknown>;
    };
    expect(queue.arguments).toEqual({ 'x-queue-type': 'stream', 'x-max-age': '7D' });
  });

  it('starts, and publishes, beside a queue that took the name of a log; only its reader is refused', async () => {
    await withoutUs(async (model) =>
      (await model.createChannel()).assertQueue('journal.call', { durable: true }),
    );

    const broker = await connectDirectly();

    await publish(broker, 1, 'x');
    await expect(openLogOf(broker, tag)).rejects.toMatchObject({ code: 'bad_request' });
    const other = await openLogOf(broker, tag, { exchange: 'object' });
    await other.reader.fence();
  });

  it('is made with small segments, the age and the size it was given', async () => {
    await connectDirectly({ journal: { maxAgeS: 3_600, maxBytes: 512 * 1024 * 1024 } });

    for (const family of ['call', 'conference', 'fax', 'object', 'messaging']) {
      const queue = (await untilResolved(() => vhost.call('GET', `queues/{vhost}/journal.${family}`))) as {
        durable: boolean;
        arguments: Record<string, unknown>;
      };
      expect(queue).toMatchObject({
        durable: true,
        arguments: {
          'x-queue-type': 'stream',
          'x-max-age': '3600s',
          'x-max-length-bytes': 512 * 1024 * 1024,
          'x-stream-max-segment-size-bytes': 4 * 1024 * 1024,
        },
      });
    }
    const names = (await vhost.call('GET', 'queues/{vhost}')) as { name: string }[];
    expect(names.map((it) => it.name).filter((it) => it.startsWith('journal.'))).toHaveLength(5);
  });

  it('is made once by many that start together', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => connectDirectly()));

    const log = await openLogOf(all[0]!, tag);
    await Promise.all(all.map((it, n) => publish(it, 5, `w${n}`)));
    await log.reader.fence();

    expect(log.keys()).toHaveLength(30);
    expect(words(log)).toHaveLength(6);
  });

  it('is read by a slow reader without holding up who publishes on the same broker', async () => {
    const broker = await connectDirectly();
    await publish(broker, 3_000, 'backlog');
    let read = 0;
    const reader = await broker.openLog(
      { exchange: 'call', from: 'first', prefetch: 10 },
      {
        onEntry: () => {
          read += 1;
        },
        onTruncated: () => undefined,
        onReset: () => undefined,
      },
    );

    await broker.publish({ exchange: 'fax', routingKey: tag, body: Buffer.from('{}') });
    const readWhenPublished = read;
    await reader.fence();

    expect(readWhenPublished).toBeLessThan(3_000);
    expect(read).toBe(3_000);
  });
});
