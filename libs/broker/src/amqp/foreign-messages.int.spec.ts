import { connect, type ChannelModel, type Options } from 'amqplib';
import Joi from 'joi';
import { defineOperation, type WireMessage } from '@ringdown/contracts';
import { type Broker, handle } from '../broker';
import { createVhost, rabbitFrom, type RabbitVhost } from '../contract/rabbitmq-vhost';
import { until } from '../contract/until';
import { createAmqpBroker } from './amqp-broker';

const server = rabbitFrom(process.env);
const describeWithRabbit = server === undefined ? describe.skip : describe;

/** Everything AMQP can carry in properties that nobody would send on purpose. */
const oddities: readonly Options.Publish[] = [
  {},
  { headers: { nested: { deep: { deeper: [1, 'x', null, { y: true }] } }, list: [[[]]], nothing: null } },
  {
    headers: { number: 1, float: 1.5, big: 2 ** 60, negative: -1, flag: true, bytes: Buffer.from([0, 255]) },
  },
  { headers: { huge: 'x'.repeat(60_000) } },
  {
    headers: Object.fromEntries(
      Array.from({ length: 2_000 }, (_, n) => [`h${n}`, n % 2 === 0 ? n : `v${n}`]),
    ),
  },
  { headers: { account_id: { not: 'a string' }, traceparent: 7, timestamp_in_ms: 'soon' } },
  { headers: { timestamp_in_ms: -1, constructor: 'c', toString: 's', 'x-death': 'no list' } },
  { headers: { 'x-death': [{ exchange: 1, 'routing-keys': 'x' }], 'x-delivery-count': 'many' } },
  { headers: { time: { '!': 'timestamp', value: 2 ** 60 }, byte: { '!': 'byte', value: 5 } } },
  { headers: { 'x-stream-offset': 5, 'x-opt': 'y', 'x-routing-key': 'other', 'x-exchange': 'other' } },
  { CC: ['a.b.c', 'x'], BCC: ['y'] },
  { timestamp: 2 ** 53, expiration: '3600000', priority: 255, userId: 'guest' },
  { timestamp: 0, type: '', messageId: '', appId: '', contentType: '', correlationId: '', replyTo: '' },
  { type: '\u0000\uffff', messageId: 'é'.repeat(100), contentEncoding: 'gzip', contentType: 'x/y; z' },
  { replyTo: 'no-such-queue', correlationId: 'x', type: 'echo' },
  { replyTo: 'amq.rabbitmq.reply-to.garbage', correlationId: 'x', type: 'echo' },
  { replyTo: 'amq.rabbitmq.reply-to.g1h2AA5yZXBseUAxMjM0NTY3OAAAAAAAAAAAAAAAAA==.AAAA==', type: 'echo' },
];

/** Has no place in a stream: RabbitMQ closes the connection of whoever publishes it to a log. */
const decimal: Options.Publish = { headers: { d: { '!': 'decimal', value: { places: 2, digits: 3 } } } };

describeWithRabbit('foreign messages on RabbitMQ', () => {
  let vhost: RabbitVhost;
  let foreign: ChannelModel;
  let broker: Broker;

  beforeAll(async () => {
    vhost = await createVhost(server!, 'foreign');
    foreign = await connect(vhost.url);
    broker = createAmqpBroker({ urls: [vhost.url], service: 'target' });
    await broker.start();
  });
  afterAll(async () => {
    await broker.stop();
    await foreign.close();
    await vhost.delete();
  });

  it('reach feed, log, work queue and request handler without harm, with flat string headers', async () => {
    const states: string[] = [];
    broker.onStatus(({ state }) => states.push(state));
    const onFeed: WireMessage[] = [];
    const onQueue: WireMessage[] = [];
    const feed = await broker.openFeed(
      { name: 'feed', maxLength: 1_000 },
      { onMessage: (message) => void onFeed.push(message), onGap: () => undefined },
    );
    await feed.bind('call', 'odd.#');
    await broker.consumeQueue(
      { queue: 'odd', bindings: [{ exchange: 'call', pattern: 'odd.#' }] },
      async ({ message }) => void onQueue.push(message),
    );
    const echo = defineOperation<unknown, unknown>('target', 'echo', Joi.any());
    await broker.serve([handle(echo, async (payload) => payload)]);
    const inLog: WireMessage[] = [];
    const log = await broker.openLog(
      { exchange: 'call', from: 'first' },
      {
        onEntry: ({ message }) => void inLog.push(message),
        onTruncated: () => undefined,
        onReset: () => undefined,
      },
    );
    const bodies = [Buffer.alloc(0), Buffer.from('{'), Buffer.from([0, 255, 254]), Buffer.from('{"a":1}')];

    const channel = await foreign.createConfirmChannel();
    for (const properties of oddities) {
      for (const body of bodies) {
        channel.publish('call', 'odd.x', body, properties);
        channel.publish('', 'rpc.target', body, properties);
        channel.publish('', `rpc.target.${broker.instance}`, body, properties);
        channel.publish('control', 'control.alive.x.y', body, properties);
        channel.publish('', `target.feed.${broker.instance}.overflow`, body, properties);
      }
    }
    for (const key of ['rpc.target', `target.feed.${broker.instance}.overflow`]) {
      channel.publish('', key, Buffer.from('{}'), decimal);
    }
    await channel.waitForConfirms();
    await broker.publish({ exchange: 'call', routingKey: 'odd.last', body: Buffer.from('{}') });

    const isLast = (it: WireMessage): boolean => it.routingKey === 'odd.last';
    await until('the feed saw all', () => onFeed.some(isLast));
    await until('the queue saw all', () => onQueue.some(isLast));
    expect(onFeed).toHaveLength(oddities.length * bodies.length + 1);
    expect(onQueue.length).toBeGreaterThanOrEqual(oddities.length * bodies.length + 1);
    await log.fence();
    expect(inLog.map((it) => it.body)).toEqual(onFeed.map((it) => it.body));
    expect(inLog.map((it) => it.messageId)).toEqual(onFeed.map((it) => it.messageId));
    expect(new Set(inLog.map((it) => it.routingKey))).toEqual(new Set(['odd.x', 'odd.last']));
    for (const message of [...onFeed, ...onQueue, ...inLog]) {
      expect(Object.values(message.headers).every((it) => typeof it === 'string')).toBe(true);
      expect(['number', 'undefined']).toContain(typeof message.timestampMs);
    }
    expect(await broker.request(echo, 1)).toBe(1);
    expect(await broker.requestTo(broker.instance, echo, 2)).toBe(2);
    expect(broker.instances('x')).toEqual([]);
    expect(states).toEqual([]);
    await channel.close();
  }, 30_000);

  it('that a log cannot hold cost their publisher the connection, and nobody else anything', async () => {
    const states: string[] = [];
    broker.onStatus(({ state }) => states.push(state));
    const seen: string[] = [];
    const log = await broker.openLog(
      { exchange: 'call', from: 'next' },
      {
        onEntry: ({ message }) => void seen.push(message.routingKey),
        onTruncated: () => undefined,
        onReset: () => undefined,
      },
    );
    const careless = await connect(vhost.url);
    const closed = new Promise<void>((resolve) => careless.on('close', () => resolve()));
    careless.on('error', () => undefined);
    const channel = await careless.createChannel();
    channel.on('error', () => undefined);

    channel.publish('call', 'odd.decimal', Buffer.from('{}'), decimal);
    await closed;
    await broker.publish({ exchange: 'call', routingKey: 'odd.after', body: Buffer.from('{}') });
    await log.fence();

    expect(seen).toEqual(['odd.after']);
    expect(states).toEqual([]);
  });
});
