import Joi from 'joi';
import { deferred, type LogFields, pause, randomHex, silentLogger } from '@ringdown/core';
import { defineOperation, type WireMessage } from '@ringdown/contracts';
import { type Broker, type Feed, type Gap, handle } from '../broker';
import { createVhost, rabbitFrom, type RabbitVhost } from '../contract/rabbitmq-vhost';
import { createTcpProxy, type TcpProxy } from '../contract/tcp-proxy';
import { until, untilResolved } from '../contract/until';
import { ServiceBroker } from '../shared/service-broker';
import { DEFAULT_JOURNAL_LIMITS } from '../shared/topology';
import { type AmqpBrokerOptions, createAmqpBroker } from './amqp-broker';
import { AmqpTransport } from './amqp-transport';

const server = rabbitFrom(process.env);
const describeWithRabbit = server === undefined ? describe.skip : describe;

describeWithRabbit('the RabbitMQ broker recovers', () => {
  let vhost: RabbitVhost;
  let proxy: TcpProxy;
  let brokers: Broker[] = [];

  beforeAll(async () => {
    vhost = await createVhost(server!, 'recovery');
  });
  afterAll(() => vhost.delete());
  beforeEach(async () => {
    const { hostname, port } = new URL(vhost.url);
    proxy = await createTcpProxy(Number(port || 5672), hostname);
  });
  afterEach(async () => {
    await Promise.all(brokers.map((it) => it.stop()));
    brokers = [];
    await proxy.close();
  });

  /** Connected through the proxy, so that the test can cut it off. */
  async function connectThroughProxy(options: Partial<AmqpBrokerOptions> = {}): Promise<Broker> {
    return start(createAmqpBroker({ urls: [throughProxy()], service: 'proxied', ...options }));
  }

  function throughProxy(): string {
    const url = new URL(vhost.url);
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    return url.href;
  }

  async function connectDirectly(): Promise<Broker> {
    return start(createAmqpBroker({ urls: [vhost.url], service: 'direct' }));
  }

  async function start(broker: Broker): Promise<Broker> {
    brokers.push(broker);
    await broker.start();
    return broker;
  }

  /** With the means to delete exclusive queues, which only their own connection may do. */
  async function connectWithAccess(): Promise<{
    broker: Broker;
    transport: AmqpTransport;
    deleteQueue(name: string): Promise<void>;
  }> {
    const identity = {
      service: 'access',
      instance: `access-${randomHex(8)}`,
      clock: Date.now,
      logger: silentLogger,
    };
    const outbox = { maxMessages: 10, maxBytes: 10_000 };
    const transport = new AmqpTransport({
      ...identity,
      urls: [vhost.url],
      outbox,
      journal: DEFAULT_JOURNAL_LIMITS,
    });
    const broker = await start(
      new ServiceBroker(transport, { ...identity, joinSettleMs: 20, drainTimeoutMs: 1_000 }),
    );
    return {
      broker,
      transport,
      deleteQueue: async (name) => {
        const channel = await transport['consumingModel']!.createChannel();
        await channel.deleteQueue(`access.${name}.${identity.instance}`);
        await channel.close();
      },
    };
  }

  async function open(broker: Broker): Promise<{ feed: Feed; messages: WireMessage[]; gaps: Gap[] }> {
    const messages: WireMessage[] = [];
    const gaps: Gap[] = [];
    const feed = await broker.openFeed(
      { name: 'feed', maxLength: 100_000 },
      { onMessage: (message) => void messages.push(message), onGap: (gap) => void gaps.push(gap) },
    );
    return { feed, messages, gaps };
  }

  function event(routingKey: string): { exchange: string; routingKey: string; body: Buffer } {
    return { exchange: 'call', routingKey, body: Buffer.from('{}') };
  }

  const connectionNames = async (): Promise<Map<string, string>> => {
    const list = (await vhost.call('GET', 'vhosts/{vhost}/connections')) as {
      name: string;
      client_properties?: { connection_name?: string };
    }[];
    return new Map(list.map((it) => [it.client_properties?.connection_name ?? '', it.name]));
  };

  it('only into a virtual host that it may use, and says when that is not so', async () => {
    const url = new URL(vhost.url);
    url.pathname = '/no-such-virtual-host';
    const reasons: unknown[] = [];
    const logger = {
      ...silentLogger,
      warn: (_: string, fields?: LogFields) => void reasons.push(fields?.['error']),
    };
    const broker = createAmqpBroker({ urls: [url.href], service: 'lost', logger });
    brokers.push(broker);
    broker.start().catch(() => undefined);

    const reason = 'the virtual host does not exist, or the user has no permission for it';
    await until('the reason', () => reasons.includes(reason));
  });

  it('from connections closed by an operator, who can tell them apart', async () => {
    const broker = await connectDirectly();
    const { feed, messages, gaps } = await open(broker);
    await feed.bind('call', 'operator.#');
    const wanted = ['publish', 'consume'].map((role) => `direct ${broker.instance} ${role}`);
    let names = await connectionNames();
    // The management plug-in shows a connection some seconds after it was made.
    while (!wanted.every((it) => names.has(it))) names = await connectionNames();

    for (const name of wanted)
      await vhost.call('DELETE', `connections/${encodeURIComponent(names.get(name)!)}`);

    await until('the gap', () => gaps.length === 1);
    await until('ready', () => broker.status().state === 'ready');
    await broker.publish(event('operator.x'));
    await until('the event', () => messages.length === 1);
  }, 30_000);

  it('with every binding back before it tells the gap, and the resync done before it is ready', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const states: string[] = [];
    const resync = deferred();
    let resyncs = 0;
    broker.onResync(() => {
      resyncs += 1;
      return resync.promise;
    });
    broker.onStatus(({ state }) => states.push(state));
    const { feed, messages, gaps } = await open(broker);
    await feed.bind('call', 'back.one.*');
    await feed.bind('object', 'back.two.#');
    await broker.publish(event('back.one.before'));
    await until('an event before', () => messages.length === 1);
    const cutAt = Date.now();

    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');
    await other.publish(event('back.one.missed'));
    proxy.restore();
    await until('the gap', () => gaps.length === 1);
    await other.publish(event('back.one.after'));
    await other.publish({ ...event('back.two.after'), exchange: 'object' });

    await until('both', () => messages.length === 3);
    expect(messages.map((it) => it.routingKey)).toEqual([
      'back.one.before',
      'back.one.after',
      'back.two.after',
    ]);
    expect(gaps[0]!.reason).toBe('reconnect');
    expect(gaps[0]!.sinceMs).toBeLessThanOrEqual(cutAt + 50);
    expect(gaps[0]!.sinceMs).toBeGreaterThan(cutAt - 5_000);
    await until('the resync', () => resyncs === 1);
    expect(broker.status()).toMatchObject({ state: 'connecting', reason: 'resynchronising' });
    resync.resolve();
    await until('ready', () => broker.status().state === 'ready');
    expect(states).toEqual(['disconnected', 'connecting', 'ready']);
    expect(feed.bindings).toHaveLength(2);
  });

  it('a resync that fails at first is tried again, and asks over the new connection', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const ask = defineOperation<null, string>('direct', 'ask', Joi.any());
    await other.serve([handle(ask, async () => 'answer')]);
    const answers: string[] = [];
    let attempts = 0;
    broker.onResync(async () => {
      if (++attempts === 1) throw new Error('not yet');
      answers.push(await broker.request(ask, null));
    });

    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');
    proxy.restore();

    await until('ready', () => broker.status().state === 'ready');
    expect(answers).toEqual(['answer']);
  });

  it('publishes everything in order, repeats only under the same message id', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const { feed, messages } = await open(other);
    await feed.bind('call', 'order.#');
    const total = 3_000;

    const confirms: Promise<unknown>[] = [];
    for (let n = 0; n < total; n += 1) {
      confirms.push(broker.publish({ ...event(`order.${n}`), messageId: `m${n}` }, { timeoutMs: 30_000 }));
      if (n % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
      if (n === 1_000 || n === 2_000) {
        proxy.cut();
        proxy.restore();
      }
    }
    await Promise.all(confirms);

    await until('the last', () => messages.some((it) => it.routingKey === `order.${total - 1}`));
    const firsts = new Map<string, string>();
    for (const { messageId, routingKey } of messages) {
      if (firsts.has(messageId!)) expect(firsts.get(messageId!)).toBe(routingKey);
      else firsts.set(messageId!, routingKey);
    }
    expect([...firsts.values()]).toEqual(Array.from({ length: total }, (_, n) => `order.${n}`));
  });

  it('holds messages while disconnected, up to the limits of the outbox and the deadline', async () => {
    const outbox = { maxMessages: 3, maxBytes: 10_000 };
    const [broker, other] = [await connectThroughProxy({ outbox }), await connectDirectly()];
    const { feed, messages } = await open(other);
    await feed.bind('call', 'held.#');
    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');

    const late = broker.publish(event('held.late'), { timeoutMs: 20 });
    await expect(late).rejects.toMatchObject({ code: 'unavailable', retryable: true });
    const waiting = [1, 2, 3].map((n) => broker.publish(event(`held.${n}`)));
    await expect(broker.publish(event('held.4'))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('outbox full'),
    });
    proxy.restore();
    await Promise.all(waiting);

    await until('all three', () => messages.length === 3);
    expect(messages.map((it) => it.routingKey)).toEqual(['held.1', 'held.2', 'held.3']);
    await expect(broker.publish({ ...event('held.5'), body: Buffer.alloc(10_000) })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('rejects requests under way, and new ones at once while disconnected', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const wait = defineOperation<null, null>('direct', 'wait', Joi.any());
    const started = deferred();
    const release = deferred<null>();
    await other.serve([
      handle(wait, () => {
        started.resolve();
        return release.promise;
      }),
    ]);

    const pending = broker.request(wait, null, { timeoutMs: 60_000 });
    const outcome = expect(pending).rejects.toMatchObject({ code: 'unavailable' });
    await started.promise;
    proxy.cut();
    await outcome;
    await expect(broker.request(wait, null, { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    release.resolve(null);
  });

  it('serves and consumes again after the connection came back', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const queue = `work.${randomHex(8)}`;
    const echo = defineOperation<number, number>('proxied', 'echo', Joi.number());
    const seen: string[] = [];
    await broker.serve([handle(echo, async (n) => n)]);
    await broker.consumeQueue(
      { queue, bindings: [{ exchange: 'call', pattern: `${queue}.#` }] },
      async (it) => {
        seen.push(it.message.routingKey);
      },
    );

    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');
    await other.publish(event(`${queue}.meanwhile`));
    proxy.restore();
    await until('ready', () => broker.status().state === 'ready');

    await until('the message', () => seen.length === 1);
    expect(await other.request(echo, 7)).toBe(7);
    expect(await other.requestTo(broker.instance, echo, 8)).toBe(8);
    await until('known again', () => other.instances('proxied').length === 1);
  });

  it('from a deleted queue, telling the gap', async () => {
    const { broker, deleteQueue } = await connectWithAccess();
    const { feed, messages, gaps } = await open(broker);
    await feed.bind('call', 'deleted.#');

    await deleteQueue('feed');

    await until('the gap', () => gaps.length === 1);
    expect(gaps[0]!.reason).toBe('cancelled');
    await until('ready', () => broker.status().state === 'ready');
    await broker.publish(event('deleted.x'));
    await until('the event', () => messages.length === 1);
  });

  it('from a lost control queue, with a resync', async () => {
    const { broker, deleteQueue } = await connectWithAccess();
    let resyncs = 0;
    broker.onResync(async () => {
      resyncs += 1;
    });

    await deleteQueue('control');

    await until('the resync', () => resyncs === 1);
    await until('ready', () => broker.status().state === 'ready');
  });

  it('from a deleted work queue, dead connection or not', async () => {
    const broker = await connectDirectly();
    const queue = `work.${randomHex(8)}`;
    const seen: string[] = [];
    await broker.consumeQueue(
      { queue, bindings: [{ exchange: 'call', pattern: `${queue}.#` }] },
      async (it) => {
        seen.push(it.message.routingKey);
      },
    );

    await vhost.call('DELETE', `queues/{vhost}/${queue}`);
    await until('the loss is noticed', () => broker.status().state === 'connecting');
    await until('ready', () => broker.status().state === 'ready');
    await broker.publish(event(`${queue}.x`));

    await until('the message', () => seen.length === 1);
  });

  it('while the server still believes in the old connection, whose queues it locks', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const echo = defineOperation<number, number>('proxied', 'echo', Joi.number());
    await broker.serve([handle(echo, async (n) => n)]);
    const { feed, messages, gaps } = await open(broker);
    await feed.bind('call', 'believed.#');

    proxy.abandon();
    await until('disconnected', () => broker.status().state === 'disconnected');

    await until('ready', () => broker.status().state === 'ready');
    expect(gaps).toMatchObject([{ reason: 'reconnect' }]);
    await other.publish(event('believed.x'));
    await until('the event', () => messages.length === 1);
    proxy.reap();
    await untilResolved(() => other.requestTo(broker.instance, echo, 1, { timeoutMs: 500 }));
  });

  it('when it is lost again and again while it is being restored', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const { feed, messages, gaps } = await open(broker);
    await Promise.all(Array.from({ length: 200 }, (_, n) => feed.bind('call', `again.${n}`)));

    for (let n = 0; n < 12; n += 1) {
      proxy.cut();
      await until('cut', () => proxy.open === 0);
      proxy.restore();
      await until('connecting', () => proxy.open > 0);
      // Somewhere else in the handshake or the setup each time.
      await pause(n * 4);
    }

    await until('ready', () => broker.status().state === 'ready', 20_000);
    expect(gaps.length).toBeGreaterThan(0);
    for (let n = 0; n < 200; n += 1) void other.publish(event(`again.${n}`));
    await until('all', () => messages.length === 200);
  }, 90_000);

  it('with thousands of bindings', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const { feed, messages, gaps } = await open(broker);
    const count = 3_000;
    await Promise.all(Array.from({ length: count }, (_, n) => feed.bind('call', `many.*.${n}`)));

    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');
    proxy.restore();
    await until('the gap', () => gaps.length === 1, 30_000);

    for (let n = 0; n < count; n += 1) void other.publish(event(`many.x.${n}`));
    await until('all', () => messages.length === count, 30_000);
  }, 90_000);

  it('binds and unbinds asked for while disconnected hold afterwards', async () => {
    const [broker, other] = [await connectThroughProxy(), await connectDirectly()];
    const { feed, messages } = await open(broker);
    await feed.bind('call', 'asked.gone');
    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');

    const binding = feed.bind('call', 'asked.new');
    const unbinding = feed.unbind('call', 'asked.gone');
    proxy.restore();
    await Promise.all([binding, unbinding]);
    await until('ready', () => broker.status().state === 'ready');

    await other.publish(event('asked.gone'));
    await other.publish(event('asked.new'));
    await until('the new', () => messages.length > 0);
    expect(messages.map((it) => it.routingKey)).toEqual(['asked.new']);
  });

  it('from an alarm: messages wait to their deadline, requests fail at once, consuming goes on', async () => {
    const { broker, transport } = await connectWithAccess();
    const other = await connectDirectly();
    const { feed, messages } = await open(broker);
    await feed.bind('call', 'alarm.#');
    const echo = defineOperation<number, number>('direct', 'echo', Joi.number());
    await other.serve([handle(echo, async (n) => n)]);

    // What amqplib says when the server sends connection.blocked; an alarm of its own would stop other specs.
    transport['publishing']['model']!.emit('blocked', 'low on memory');
    expect(broker.status()).toMatchObject({ state: 'blocked', reason: 'low on memory' });
    await expect(broker.publish(event('alarm.late'), { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const waiting = broker.publish(event('alarm.patient'));
    await expect(broker.request(echo, 1, { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    await other.publish(event('alarm.consumed'));
    await until('the event of another', () => messages.length === 1);

    transport['publishing']['model']!.emit('unblocked');
    await waiting;
    expect(broker.status().state).toBe('ready');
    await until('the patient one', () => messages.length === 2);
    expect(messages.map((it) => it.routingKey)).toEqual(['alarm.consumed', 'alarm.patient']);
    expect(await broker.request(echo, 1)).toBe(1);
  });

  it('tries the next server of several', async () => {
    const broker = createAmqpBroker({ urls: ['amqp://127.0.0.1:1', vhost.url], service: 'several' });
    await start(broker);
    expect(broker.status().state).toBe('ready');
  });

  it('starts when the server comes later, and stops while it is waiting', async () => {
    proxy.cut();
    const patient = createAmqpBroker({ urls: [throughProxy()], service: 'patient' });
    const starting = start(patient);
    const hopeless = createAmqpBroker({ urls: ['amqp://127.0.0.1:1'], service: 'hopeless' });
    const failing = expect(hopeless.start()).rejects.toMatchObject({ code: 'closed' });
    expect(patient.status().state).toBe('connecting');

    await hopeless.stop();
    await failing;
    proxy.restore();
    await starting;
    expect(patient.status().state).toBe('ready');
  });

  it('stops in time while disconnected', async () => {
    const broker = await connectThroughProxy();
    await open(broker);
    proxy.cut();
    await until('disconnected', () => broker.status().state === 'disconnected');
    const refused = expect(broker.publish(event('never'))).rejects.toMatchObject({ code: 'closed' });

    await broker.stop();
    await refused;
  }, 20_000);
});
