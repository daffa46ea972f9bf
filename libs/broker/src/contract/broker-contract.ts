import Joi from 'joi';
import { AppError, deferred, pause, randomHex } from '@ringdown/core';
import { CONTROL_EXCHANGE, defineOperation, type Operation, type WireMessage } from '@ringdown/contracts';
import { type Broker, type Delivery, type Feed, type FeedOptions, type Gap, handle } from '../broker';
import { until } from './until';

/** Where the suite gets its brokers from. All brokers of one harness are connected with each other. */
export interface BrokerHarness {
  /** A broker that has not started yet; the suite stops it. */
  connect(options: { readonly service: string; readonly instance?: string }): Broker;
  close(): Promise<void>;
}

interface OpenFeed {
  readonly feed: Feed;
  readonly messages: WireMessage[];
  readonly gaps: Gap[];
  keys(): string[];
}

/** What every implementation of `Broker` promises. Run by a spec of each. */
export function describeBrokerContract(name: string, makeHarness: () => Promise<BrokerHarness>): void {
  describe(`${name} keeps the broker contract`, () => {
    let harness: BrokerHarness;
    let brokers: Broker[] = [];
    /** Unique per test, so that durable queues and words in routing keys do not meet. */
    let tag: string;

    beforeAll(async () => {
      harness = await makeHarness();
    }, 60_000);
    afterAll(async () => harness.close());
    beforeEach(() => {
      tag = randomHex(8);
    });
    afterEach(async () => {
      await Promise.all(brokers.map((it) => it.stop()));
      brokers = [];
    });

    async function connect(service = `a${tag}`, instance?: string): Promise<Broker> {
      const broker = harness.connect(instance === undefined ? { service } : { service, instance });
      brokers.push(broker);
      await broker.start();
      return broker;
    }

    async function open(broker: Broker, options: Partial<FeedOptions> = {}): Promise<OpenFeed> {
      const messages: WireMessage[] = [];
      const gaps: Gap[] = [];
      const feed = await broker.openFeed(
        { name: 'feed', maxLength: 10_000, ...options },
        { onMessage: (message) => void messages.push(message), onGap: (gap) => void gaps.push(gap) },
      );
      return { feed, messages, gaps, keys: () => messages.map((it) => it.routingKey) };
    }

    function event(routingKey: string, text = '{}'): { exchange: string; routingKey: string; body: Buffer } {
      return { exchange: 'call', routingKey, body: Buffer.from(text) };
    }

    /** Arrives after everything the broker published before, so that its arrival proves what did not. */
    async function fence(broker: Broker, seen: OpenFeed): Promise<void> {
      const key = `fence.${randomHex(8)}`;
      await seen.feed.bind('call', key);
      await broker.publish(event(key));
      await until('the fence', () => seen.keys().includes(key));
      seen.messages.splice(
        seen.messages.findIndex((it) => it.routingKey === key),
        1,
      );
    }

    function operation(service = `a${tag}`, name = 'double'): Operation<{ n: number }, { n: number }> {
      return defineOperation(service, name, Joi.object({ n: Joi.number().required() }));
    }

    describe('events', () => {
      it('delivers what a feed bound, by topic wildcards', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind('call', `${tag}.*.x`);
        await seen.feed.bind('call', `${tag}.deep.#`);

        for (const end of ['one.x', 'one.two.x', 'deep', 'deep.a.b', 'one.y']) {
          await broker.publish(event(`${tag}.${end}`));
        }

        await fence(broker, seen);
        expect(seen.keys()).toEqual([`${tag}.one.x`, `${tag}.deep`, `${tag}.deep.a.b`]);
      });

      it('delivers once to a feed with several matching bindings', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind('call', `${tag}.#`);
        await seen.feed.bind('call', `${tag}.*`);

        await broker.publish(event(`${tag}.one`));

        await fence(broker, seen);
        expect(seen.keys()).toEqual([`${tag}.one`]);
      });

      it('keeps the order of one publisher', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind('call', `${tag}.#`);

        const sent = Array.from({ length: 500 }, (_, n) => `${tag}.${n}`);
        await Promise.all(sent.map((key) => broker.publish(event(key))));

        await until('all', () => seen.messages.length === 500);
        expect(seen.keys()).toEqual(sent);
      });

      it('carries bytes and properties, and fills in what the publisher left out', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind('call', `${tag}.#`);
        const body = Buffer.from([0, 255, 128, 10]);

        await broker.publish({
          ...event(`${tag}.full`),
          body,
          messageId: 'm1',
          timestampMs: 1_790_000_000_123,
          type: 'CHANNEL_CREATE',
          appId: 'app',
          contentType: 'application/octet-stream',
          headers: { account_id: 'a1', traceparent: 't' },
        });
        await broker.publish(event(`${tag}.bare`));

        await until('both', () => seen.messages.length === 2);
        const [full, bare] = seen.messages;
        expect(full).toEqual({
          exchange: 'call',
          routingKey: `${tag}.full`,
          body,
          messageId: 'm1',
          timestampMs: 1_790_000_000_123,
          type: 'CHANNEL_CREATE',
          appId: 'app',
          contentType: 'application/octet-stream',
          headers: { account_id: 'a1', traceparent: 't' },
        });
        expect(bare?.messageId).toMatch(/^[0-9a-f]{32}$/);
        expect(bare?.appId).toBe(broker.service);
        expect(bare?.contentType).toBe('application/json');
        expect(Math.abs(Date.now() - bare!.timestampMs!)).toBeLessThan(60_000);
      });

      it('shares no memory between publisher and readers', async () => {
        const broker = await connect();
        const one = await open(broker, { name: 'one' });
        const two = await open(broker, { name: 'two' });
        await one.feed.bind('call', `${tag}.#`);
        await two.feed.bind('call', `${tag}.#`);
        const message = event(`${tag}.x`, 'text');

        await broker.publish(message);
        message.body.fill(0);

        await until('both', () => one.messages.length + two.messages.length === 2);
        one.messages[0]!.body.fill(1);
        expect(two.messages[0]!.body.toString()).toBe('text');
      });

      it('never delivers inside the call that publishes', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind('call', `${tag}.#`);

        const published = broker.publish(event(`${tag}.x`));
        expect(seen.messages).toHaveLength(0);

        await published;
        await until('it', () => seen.messages.length === 1);
      });

      it('reaches the feed as soon as bind resolved, and no longer once unbind did', async () => {
        const broker = await connect();
        const other = await connect(`b${tag}`);
        const seen = await open(broker);

        await seen.feed.bind('call', `${tag}.x`);
        await other.publish(event(`${tag}.x`, '1'));
        await until('the first', () => seen.messages.length === 1);
        await seen.feed.unbind('call', `${tag}.x`);
        await other.publish(event(`${tag}.x`, '2'));

        await fence(other, seen);
        expect(seen.messages.map((it) => it.body.toString())).toEqual(['1']);
      });

      it('takes a second bind, and an unbind of what is not bound, as no-ops', async () => {
        const broker = await connect();
        const seen = await open(broker);

        await Promise.all([seen.feed.bind('call', tag), seen.feed.bind('call', tag)]);
        await seen.feed.unbind('call', 'never.bound');
        expect(seen.feed.bindings).toEqual([{ exchange: 'call', pattern: tag }]);

        await seen.feed.unbind('call', tag);
        await broker.publish(event(tag));
        await fence(broker, seen);
        expect(seen.messages).toEqual([]);
      });

      it('keeps the last of bind and unbind called without waiting', async () => {
        const broker = await connect();
        const seen = await open(broker);
        const [a, b] = [`${tag}.a`, `${tag}.b`];

        await Promise.all([
          ...[seen.feed.bind('call', a), seen.feed.unbind('call', a), seen.feed.bind('call', a)],
          ...[seen.feed.bind('call', b), seen.feed.unbind('call', b)],
        ]);
        await broker.publish(event(a));
        await broker.publish(event(b));

        await fence(broker, seen);
        expect(seen.keys()).toEqual([a]);
      });

      it('refuses a pattern with more than two # and an exchange that does not exist, and only those', async () => {
        const broker = await connect();
        const seen = await open(broker);

        const [bad, unknown, good] = await Promise.allSettled([
          seen.feed.bind('call', '#.a.#.b.#'),
          seen.feed.bind('no-such-exchange', 'x'),
          seen.feed.bind('call', `${tag}.x`),
        ]);

        expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'bad_request' } });
        expect(unknown).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
        expect(good).toMatchObject({ status: 'fulfilled' });
        await broker.publish(event(`${tag}.x`));
        await until('it', () => seen.keys().includes(`${tag}.x`));
      });

      it('goes on after a handler that threw', async () => {
        const broker = await connect();
        const seen: string[] = [];
        const feed = await broker.openFeed(
          { name: 'feed', maxLength: 100 },
          {
            onMessage: (message) => {
              seen.push(message.routingKey);
              if (seen.length === 1) throw new Error('handler');
            },
            onGap: () => undefined,
          },
        );
        await feed.bind('call', `${tag}.#`);

        await broker.publish(event(`${tag}.1`));
        await broker.publish(event(`${tag}.2`));

        await until('both', () => seen.length === 2);
      });

      it('drops the oldest above the maximum length and tells one gap', async () => {
        const broker = await connect();
        const before = Date.now();
        const seen = await open(broker, { maxLength: 5, prefetch: 1 });
        await seen.feed.bind('call', `${tag}.#`);

        const sent = Array.from({ length: 2_000 }, (_, n) => `${tag}.${n}`);
        await Promise.all(sent.map((key) => broker.publish(event(key))));

        await until('the gap', () => seen.gaps.length > 0);
        await until('the newest', () => seen.keys().includes(`${tag}.1999`));
        expect(seen.messages.length).toBeLessThan(2_000);
        expect(seen.gaps[0]!.reason).toBe('overflow');
        expect(seen.gaps[0]!.sinceMs).toBeGreaterThan(before - 2_000);
        expect(seen.gaps[0]!.sinceMs).toBeLessThanOrEqual(Date.now());
        expect(seen.gaps.length).toBeLessThan(20);
      });

      it('delivers nothing to a closed feed, whose name is free again', async () => {
        const broker = await connect();
        const first = await open(broker);
        await first.feed.bind('call', `${tag}.#`);
        await first.feed.close();
        await first.feed.close();
        const second = await open(broker);
        await second.feed.bind('call', `${tag}.#`);

        await broker.publish(event(`${tag}.x`));

        await until('the second', () => second.messages.length === 1);
        expect(first.messages).toEqual([]);
        await expect(first.feed.bind('call', 'x')).rejects.toMatchObject({ code: 'closed' });
      });
    });

    describe('publishing', () => {
      it('says with mandatory whether a queue took it, each for its own message', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind(CONTROL_EXCHANGE, `${tag}.yes`);

        const results = await Promise.all(
          Array.from({ length: 40 }, (_, n) =>
            broker.publish(
              // The same message id everywhere: a return must not be matched by it.
              {
                ...event(`${tag}.${n % 2 === 0 ? 'yes' : 'no'}`),
                // What families publish is always routed, to their log.
                exchange: CONTROL_EXCHANGE,
                messageId: 'same',
              },
              { mandatory: true },
            ),
          ),
        );

        expect(results.map((it) => it.routed)).toEqual(results.map((_, n) => n % 2 === 0));
      });

      it('counts an unroutable message as published without mandatory', async () => {
        const broker = await connect();
        expect(await broker.publish(event(`${tag}.nobody`))).toEqual({ routed: true });
      });

      it('rejects only the message whose exchange does not exist', async () => {
        const broker = await connect();
        const seen = await open(broker);
        await seen.feed.bind('call', `${tag}.#`);

        const outcomes = await Promise.allSettled([
          broker.publish(event(`${tag}.1`)),
          broker.publish({ ...event(`${tag}.2`), exchange: 'no-such-exchange' }),
          broker.publish(event(`${tag}.3`)),
        ]);

        expect(outcomes.map((it) => it.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(outcomes[1]).toMatchObject({ reason: { code: 'not_found' } });
        await until('both', () => new Set(seen.keys()).size === 2);
      });

      it('refuses a routing key that is too long and a body that is too large', async () => {
        const broker = await connect();
        await expect(broker.publish(event('x'.repeat(256)))).rejects.toMatchObject({ code: 'bad_request' });
        await expect(
          broker.publish({ ...event(tag), body: Buffer.alloc(17 * 1024 * 1024) }),
        ).rejects.toMatchObject({ code: 'too_large' });
      });

      it('refuses before start and after stop', async () => {
        const broker = harness.connect({ service: `a${tag}` });
        brokers.push(broker);
        await expect(broker.publish(event(tag))).rejects.toMatchObject({ code: 'unavailable' });

        await broker.start();
        await broker.stop();
        await expect(broker.publish(event(tag))).rejects.toMatchObject({ code: 'closed' });
        await expect(open(broker)).rejects.toMatchObject({ code: 'closed' });
        expect(broker.status().state).toBe('stopped');
      });
    });

    describe('work queues', () => {
      const bindings = (): { exchange: string; pattern: string }[] => [
        { exchange: 'call', pattern: `${tag}.#` },
      ];

      async function collectDead(broker: Broker, queue: string): Promise<WireMessage[]> {
        const dead: WireMessage[] = [];
        await broker.consumeQueue({ queue: `${queue}.dead`, bindings: [] }, async ({ message }) => {
          dead.push(message);
        });
        return dead;
      }

      it('shares messages among replicas, each to one of them', async () => {
        const [one, two] = [await connect(), await connect()];
        const got: string[][] = [[], []];
        for (const [at, broker] of [one, two].entries()) {
          await broker.consumeQueue({ queue: `q.${tag}`, bindings: bindings(), prefetch: 1 }, async (it) => {
            got[at]!.push(it.message.routingKey);
            await pause(1);
          });
        }

        const sent = Array.from({ length: 40 }, (_, n) => `${tag}.${n}`);
        await Promise.all(sent.map((key) => one.publish(event(key))));

        await until('all', () => got.flat().length === 40);
        expect(got.flat().sort()).toEqual([...sent].sort());
        expect(got[0]!.length).toBeGreaterThan(0);
        expect(got[1]!.length).toBeGreaterThan(0);
      });

      it('redelivers after a throw and says so', async () => {
        const broker = await connect();
        const seen: Delivery[] = [];
        await broker.consumeQueue({ queue: `q.${tag}`, bindings: bindings() }, async (delivery) => {
          seen.push(delivery);
          if (seen.length < 3) throw new Error('not yet');
        });

        await broker.publish({ ...event(`${tag}.x`), messageId: 'm1' });

        await until('three deliveries', () => seen.length === 3);
        expect(seen.map((it) => it.redelivered)).toEqual([false, true, true]);
        expect(seen.map((it) => it.message.messageId)).toEqual(['m1', 'm1', 'm1']);
      });

      it('dead-letters after the delivery limit', async () => {
        const broker = await connect();
        let deliveries = 0;
        await broker.consumeQueue({ queue: `q.${tag}`, bindings: bindings(), deliveryLimit: 3 }, async () => {
          deliveries += 1;
          throw new Error('always');
        });
        const dead = await collectDead(broker, `q.${tag}`);

        await broker.publish(event(`${tag}.x`, 'poison'));

        await until('the dead letter', () => dead.length === 1);
        expect(dead[0]).toMatchObject({
          exchange: 'call',
          routingKey: `${tag}.x`,
          body: Buffer.from('poison'),
        });
        expect(deliveries).toBe(3);
      });

      it('dead-letters at once what a non-retryable AppError refused', async () => {
        const broker = await connect();
        let deliveries = 0;
        await broker.consumeQueue({ queue: `q.${tag}`, bindings: bindings() }, async () => {
          deliveries += 1;
          throw new AppError('validation_failed', 'bad shape');
        });
        const dead = await collectDead(broker, `q.${tag}`);

        await broker.publish(event(`${tag}.x`));

        await until('the dead letter', () => dead.length === 1);
        expect(deliveries).toBe(1);
      });

      it('keeps messages while nobody consumes, and drops the expired ones unread', async () => {
        const broker = await connect();
        const first = await broker.consumeQueue(
          { queue: `q.${tag}`, bindings: bindings() },
          async () => undefined,
        );
        await first.close();

        await broker.publish(event(`${tag}.old`), { expirationMs: 1 });
        await broker.publish(event(`${tag}.kept`), { expirationMs: 60_000 });
        await pause(50);
        const seen: string[] = [];
        await broker.consumeQueue({ queue: `q.${tag}`, bindings: bindings() }, async ({ message }) => {
          seen.push(message.routingKey);
        });
        const dead = await collectDead(broker, `q.${tag}`);

        await until('the kept one', () => seen.length === 1);
        await until('the expired one among the dead', () => dead.length === 1);
        expect(seen).toEqual([`${tag}.kept`]);
        expect(dead.map((it) => it.routingKey)).toEqual([`${tag}.old`]);
      });

      it('stops taking when closed and waits for the handler under way', async () => {
        const broker = await connect();
        const release = deferred();
        let finished = 0;
        const subscription = await broker.consumeQueue(
          { queue: `q.${tag}`, bindings: bindings(), prefetch: 1 },
          async () => {
            await release.promise;
            finished += 1;
          },
        );
        await broker.publish(event(`${tag}.1`));
        await broker.publish(event(`${tag}.2`));
        await pause(20);

        let closed = false;
        const closing = subscription.close().then(() => (closed = true));
        await pause(20);
        expect(closed).toBe(false);
        release.resolve();
        await closing;

        const seen: string[] = [];
        const taken = finished;
        await broker.consumeQueue({ queue: `q.${tag}`, bindings: bindings() }, async ({ message }) => {
          seen.push(message.routingKey);
        });
        await until('the rest', () => seen.length + taken === 2);
      });
    });

    describe('requests', () => {
      it('answers from any replica', async () => {
        const [server, client] = [await connect(), await connect(`b${tag}`)];
        await server.serve([handle(operation(), async ({ n }) => ({ n: n * 2 }))]);

        expect(await client.request(operation(), { n: 21 })).toEqual({ n: 42 });
        expect(
          await Promise.all(Array.from({ length: 50 }, (_, n) => client.request(operation(), { n }))),
        ).toEqual(Array.from({ length: 50 }, (_, n) => ({ n: n * 2 })));
      });

      it('hands the handler the request id, the deadline and the trace', async () => {
        const broker = await connect();
        const contexts: unknown[] = [];
        await broker.serve([
          handle(operation(), async (payload, context) => {
            contexts.push(context);
            return payload;
          }),
        ]);

        await broker.request(operation(), { n: 1 }, { requestId: 'r1', traceparent: 't1', timeoutMs: 3_000 });

        expect(contexts).toEqual([{ requestId: 'r1', traceparent: 't1', deadlineMs: expect.any(Number) }]);
      });

      it('carries an AppError whole, and of anything else nothing but the fact', async () => {
        const broker = await connect();
        const secret = defineOperation<null, null>(broker.service, 'secret', Joi.any());
        await broker.serve([
          handle(operation(), async () => {
            throw new AppError('conflict', 'taken', { details: { name: 'n' }, retryable: true });
          }),
          handle(secret, async () => {
            throw new Error('password=hunter2');
          }),
        ]);

        await expect(broker.request(operation(), { n: 1 })).rejects.toMatchObject({
          code: 'conflict',
          message: 'taken',
          details: { name: 'n' },
          retryable: true,
        });
        await expect(broker.request(secret, null)).rejects.toMatchObject({
          code: 'internal',
          message: 'internal error',
        });
      });

      it('refuses a payload that breaks the schema and an operation nobody knows', async () => {
        const broker = await connect();
        let called = false;
        await broker.serve([
          handle(operation(), async (payload) => {
            called = true;
            return payload;
          }),
        ]);

        await expect(broker.request(operation(), { n: 'x' as unknown as number })).rejects.toMatchObject({
          code: 'validation_failed',
          details: { n: expect.any(String) },
        });
        await expect(broker.request(operation(`a${tag}`, 'other'), { n: 1 })).rejects.toMatchObject({
          code: 'not_implemented',
        });
        expect(called).toBe(false);
      });

      it('is unavailable at once when nobody ever served', async () => {
        const broker = await connect();
        await expect(
          broker.request(operation(`nobody${tag}`), { n: 1 }, { timeoutMs: 60_000 }),
        ).rejects.toMatchObject({ code: 'unavailable' });
      });

      it('times out when the handler is slow, and is not answered later', async () => {
        const broker = await connect();
        const release = deferred();
        await broker.serve([
          handle(operation(), async (payload) => {
            await release.promise;
            return payload;
          }),
        ]);

        await expect(broker.request(operation(), { n: 1 }, { timeoutMs: 50 })).rejects.toMatchObject({
          code: 'timeout',
          retryable: true,
        });
        release.resolve();
        expect(await broker.request(operation(), { n: 2 })).toEqual({ n: 2 });
      });

      it('drops unread what is past its deadline', async () => {
        const broker = await connect();
        const release = deferred();
        const seen: number[] = [];
        await broker.serve(
          [
            handle(operation(), async (payload) => {
              seen.push(payload.n);
              if (payload.n === 1) await release.promise;
              return payload;
            }),
          ],
          { concurrency: 1 },
        );

        const first = broker.request(operation(), { n: 1 });
        await until('the first is under way', () => seen.length === 1);
        await expect(broker.request(operation(), { n: 2 }, { timeoutMs: 50 })).rejects.toMatchObject({
          code: 'timeout',
        });
        // The broker counts from when it got the request, a moment after the caller began to: a second, longer deadline
        // that passes meanwhile makes sure.
        await expect(broker.request(operation(), { n: 3 }, { timeoutMs: 300 })).rejects.toMatchObject({
          code: 'timeout',
        });
        release.resolve();
        await first;

        expect(await broker.request(operation(), { n: 4 })).toEqual({ n: 4 });
        expect(seen).not.toContain(2);
        expect(seen.at(-1)).toBe(4);
      });

      it('reaches the instance asked for, and is unavailable at once when it is gone', async () => {
        const servers = [await connect(), await connect()];
        const client = await connect(`b${tag}`);
        const who = defineOperation<null, { instance: string }>(`a${tag}`, 'who', Joi.any());
        for (const server of servers) {
          await server.serve([handle(who, async () => ({ instance: server.instance }))]);
        }

        for (const { instance } of servers) {
          expect(await client.requestTo(instance, who, null)).toEqual({ instance });
        }
        await servers[0]!.stop();
        await expect(
          client.requestTo(servers[0]!.instance, who, null, { timeoutMs: 60_000 }),
        ).rejects.toMatchObject({ code: 'unavailable' });
        expect(await client.requestTo(servers[1]!.instance, who, null)).toEqual({
          instance: servers[1]!.instance,
        });
      });

      it('asks all instances and names those that failed or stayed silent', async () => {
        const [good, silent, failing] = [await connect(), await connect(), await connect()];
        const client = await connect(`b${tag}`);
        const never = deferred<{ n: number }>();
        await good.serve([handle(operation(), async ({ n }) => ({ n: n + 1 }))]);
        await silent.serve([handle(operation(), () => never.promise)]);
        await failing.serve([
          handle(operation(), async () => {
            throw new AppError('internal', 'no');
          }),
        ]);
        await until('all known', () => client.instances(`a${tag}`).length === 3);

        const gathered = await client.requestAll(operation(), { n: 1 }, { timeoutMs: 300 });
        never.resolve({ n: 0 });

        expect(gathered.answers).toEqual([{ instance: good.instance, value: { n: 2 } }]);
        expect([...gathered.missing].sort()).toEqual([silent.instance, failing.instance].sort());
      });

      it('asks nobody when no instance is known', async () => {
        const broker = await connect();
        expect(await broker.requestAll(operation(`nobody${tag}`), { n: 1 })).toEqual({
          answers: [],
          missing: [],
        });
      });

      it('lets several parts of a service serve their own operations', async () => {
        const broker = await connect();
        const other = operation(`a${tag}`, 'triple');
        const first = await broker.serve([handle(operation(), async ({ n }) => ({ n: n * 2 }))]);
        await broker.serve([handle(other, async ({ n }) => ({ n: n * 3 }))]);

        expect(await broker.request(operation(), { n: 1 })).toEqual({ n: 2 });
        expect(await broker.request(other, { n: 1 })).toEqual({ n: 3 });

        await first.close();
        await expect(broker.request(operation(), { n: 1 })).rejects.toMatchObject({
          code: 'not_implemented',
        });
        expect(await broker.request(other, { n: 2 })).toEqual({ n: 6 });
      });

      it('survives requests that are not JSON, have no reply address or no properties at all', async () => {
        const broker = await connect();
        await broker.serve([handle(operation(), async (payload) => payload)]);
        const queue = `rpc.${broker.service}`;

        await broker.publish({ exchange: '', routingKey: queue, body: Buffer.from('{{{') });
        await broker.publish({ exchange: '', routingKey: queue, body: Buffer.alloc(0), type: 'double' });

        expect(await broker.request(operation(), { n: 1 })).toEqual({ n: 1 });
      });
    });

    describe('the control plane', () => {
      it('knows who is there right after start', async () => {
        const one = await connect();
        const two = await connect();
        const other = await connect(`b${tag}`);

        const names = (broker: Broker): string[] =>
          broker
            .instances(`a${tag}`)
            .map((it) => it.instance)
            .sort();
        const both = [one.instance, two.instance].sort();
        await until('the newcomer knows both', () => names(other).length === 2, 1_000);
        await until('the elder knows both', () => names(one).length === 2, 1_000);
        expect(names(other)).toEqual(both);
        expect(names(one)).toEqual(both);
        expect(other.instances(`a${tag}`)[0]!.startedAtMs).toBeLessThanOrEqual(Date.now());
      });

      it('forgets an instance that stopped', async () => {
        const one = await connect();
        const two = await connect();
        await until('it is known', () => one.instances(`a${tag}`).length === 2);

        await two.stop();

        await until('it is forgotten', () => one.instances(`a${tag}`).length === 1, 1_000);
      });

      it('tells every process, the speaker included', async () => {
        const [one, two] = [await connect(), await connect(`b${tag}`)];
        const heard: unknown[] = [];
        one.onControl('token_revoked', (body) => heard.push(['one', body]));
        const off = two.onControl('token_revoked', (body) => heard.push(['two', body]));
        one.onControl('principal_changed', (body) => heard.push(['principal', body]));
        const body = { token_id: tag, expires_at: 1 };

        await one.announce('token_revoked', body);
        await until('both', () => heard.length === 2);
        off();
        await two.announce('principal_changed', { account_id: tag });
        await until('the other', () => heard.length === 3);

        expect(heard).toEqual(
          expect.arrayContaining([
            ['one', body],
            ['two', body],
            ['principal', { account_id: tag }],
          ]),
        );
      });

      it('ignores control messages that make no sense', async () => {
        const broker = await connect();
        const heard: unknown[] = [];
        broker.onControl('token_revoked', (body) => heard.push(body));
        const bodies = ['', '[]', 'null', '{"token_id":1}', '{"service":{},"instance":[]}', '\u0000'];

        for (const key of ['token_revoked', 'alive.x.y', 'who', 'gone', '', 'nonsense.#']) {
          for (const body of bodies) {
            await broker.publish({
              exchange: CONTROL_EXCHANGE,
              routingKey: `control.${key}`,
              body: Buffer.from(body),
            });
          }
        }
        await broker.announce('token_revoked', { token_id: tag, expires_at: 1 });

        await until('the real one', () => heard.length > 0);
        expect(heard).toEqual([{ token_id: tag, expires_at: 1 }]);
      });
    });

    describe('lifecycle', () => {
      it('is ready after start, and names itself', async () => {
        const broker = await connect();
        expect(broker.status().state).toBe('ready');
        expect(broker.instance).toMatch(new RegExp(`^a${tag}-[0-9a-f]{8}$`));
      });

      it('gives every caller of start and of stop the same outcome', async () => {
        const broker = await connect();
        await Promise.all([broker.start(), broker.start()]);
        await Promise.all([broker.stop(), broker.stop()]);
        await broker.stop();
        expect(broker.status().state).toBe('stopped');
      });

      it('stops without ever having started', async () => {
        const broker = harness.connect({ service: `a${tag}` });
        await broker.stop();
        expect(broker.status().state).toBe('stopped');
      });

      it('drains: stop waits for handlers, which may still publish and ask', async () => {
        const [draining, other] = [await connect(), await connect(`b${tag}`)];
        const started = deferred();
        const release = deferred();
        const seen = await open(other);
        await seen.feed.bind('call', `${tag}.done`);
        const helper = operation(`b${tag}`, 'help');
        await other.serve([handle(helper, async ({ n }) => ({ n: n + 1 }))]);
        await draining.serve([
          handle(operation(), async ({ n }) => {
            started.resolve();
            await release.promise;
            const { n: helped } = await draining.request(helper, { n });
            await draining.publish(event(`${tag}.done`));
            return { n: helped };
          }),
        ]);

        const answer = other.requestTo(draining.instance, operation(), { n: 1 });
        await started.promise;
        let stopped = false;
        const stopping = draining.stop().then(() => (stopped = true));
        await pause(20);
        expect(stopped).toBe(false);
        release.resolve();

        expect(await answer).toEqual({ n: 2 });
        await stopping;
        await until('its event', () => seen.messages.length === 1);
      });

      it('tells a request under way that the broker stopped', async () => {
        const [server, client] = [await connect(), await connect(`b${tag}`)];
        const release = deferred<{ n: number }>();
        await server.serve([handle(operation(), () => release.promise)]);

        const asked = expect(client.request(operation(), { n: 1 })).rejects.toMatchObject({ code: 'closed' });
        await client.stop();
        await asked;
        release.resolve({ n: 1 });
      });

      it('reports every change of status, and a listener that throws harms nobody', async () => {
        const broker = harness.connect({ service: `a${tag}` });
        const states: string[] = [];
        broker.onStatus(() => {
          throw new Error('listener');
        });
        const off = broker.onStatus((status) => states.push(status.state));

        await broker.start();
        await broker.stop();
        off();

        expect(states).toEqual(['ready', 'stopped']);
      });
    });
  });
}
