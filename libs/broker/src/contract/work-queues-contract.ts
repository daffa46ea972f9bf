import { AppError, deferred, pause } from '@ringdown/core';
import { type WireMessage } from '@ringdown/contracts';
import { type Broker, type Delivery } from '../broker';
import type { ContractSuite } from './contract-suite';
import { until } from './until';

export function describeWorkQueues(suite: ContractSuite): void {
  describe('work queues', () => {
    const bindings = (): { exchange: string; pattern: string }[] => [
      { exchange: 'call', pattern: `${suite.tag}.#` },
    ];

    async function collectDead(broker: Broker, queue: string): Promise<WireMessage[]> {
      const dead: WireMessage[] = [];
      await broker.consumeQueue({ queue: `${queue}.dead`, bindings: [] }, async ({ message }) => {
        dead.push(message);
      });
      return dead;
    }

    it('shares messages among replicas, each to one of them', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const got: string[][] = [[], []];
      for (const [at, broker] of [one, two].entries()) {
        await broker.consumeQueue(
          { queue: `q.${suite.tag}`, bindings: bindings(), prefetch: 1 },
          async (it) => {
            got[at]!.push(it.message.routingKey);
            await pause(1);
          },
        );
      }

      const sent = Array.from({ length: 40 }, (_, n) => `${suite.tag}.${n}`);
      await Promise.all(sent.map((key) => one.publish(suite.event(key))));

      await until('all', () => got.flat().length === 40);
      expect(got.flat().sort()).toEqual([...sent].sort());
      expect(got[0]!.length).toBeGreaterThan(0);
      expect(got[1]!.length).toBeGreaterThan(0);
    });

    it('redelivers after a throw and says so', async () => {
      const broker = await suite.connect();
      const seen: Delivery[] = [];
      await broker.consumeQueue({ queue: `q.${suite.tag}`, bindings: bindings() }, async (delivery) => {
        seen.push(delivery);
        if (seen.length < 3) throw new Error('not yet');
      });

      await broker.publish({ ...suite.event(`${suite.tag}.x`), messageId: 'm1' });

      await until('three deliveries', () => seen.length === 3);
      expect(seen.map((it) => it.redelivered)).toEqual([false, true, true]);
      expect(seen.map((it) => it.message.messageId)).toEqual(['m1', 'm1', 'm1']);
    });

    it('dead-letters after the delivery limit', async () => {
      const broker = await suite.connect();
      let deliveries = 0;
      await broker.consumeQueue(
        { queue: `q.${suite.tag}`, bindings: bindings(), deliveryLimit: 3 },
        async () => {
          deliveries += 1;
          throw new Error('always');
        },
      );
      const dead = await collectDead(broker, `q.${suite.tag}`);

      await broker.publish(suite.event(`${suite.tag}.x`, 'poison'));

      await until('the dead letter', () => dead.length === 1);
      expect(dead[0]).toMatchObject({
        exchange: 'call',
        routingKey: `${suite.tag}.x`,
        body: Buffer.from('poison'),
      });
      expect(deliveries).toBe(3);
    });

    it('dead-letters at once what a non-retryable AppError refused', async () => {
      const broker = await suite.connect();
      let deliveries = 0;
      await broker.consumeQueue({ queue: `q.${suite.tag}`, bindings: bindings() }, async () => {
        deliveries += 1;
        throw new AppError('validation_failed', 'bad shape');
      });
      const dead = await collectDead(broker, `q.${suite.tag}`);

      await broker.publish(suite.event(`${suite.tag}.x`));

      await until('the dead letter', () => dead.length === 1);
      expect(deliveries).toBe(1);
    });

    it('keeps messages while nobody consumes, and drops the expired ones unread', async () => {
      const broker = await suite.connect();
      const first = await broker.consumeQueue(
        { queue: `q.${suite.tag}`, bindings: bindings() },
        async () => undefined,
      );
      await first.close();

      await broker.publish(suite.event(`${suite.tag}.old`), { expirationMs: 1 });
      await broker.publish(suite.event(`${suite.tag}.kept`), { expirationMs: 60_000 });
      await pause(50);
      const seen: string[] = [];
      await broker.consumeQueue({ queue: `q.${suite.tag}`, bindings: bindings() }, async ({ message }) => {
        seen.push(message.routingKey);
      });
      const dead = await collectDead(broker, `q.${suite.tag}`);

      await until('the kept one', () => seen.length === 1);
      await until('the expired one among the dead', () => dead.length === 1);
      expect(seen).toEqual([`${suite.tag}.kept`]);
      expect(dead.map((it) => it.routingKey)).toEqual([`${suite.tag}.old`]);
    });

    it('stops taking when closed and waits for the handler under way', async () => {
      const broker = await suite.connect();
      const release = deferred();
      let finished = 0;
      const subscription = await broker.consumeQueue(
        { queue: `q.${suite.tag}`, bindings: bindings(), prefetch: 1 },
        async () => {
          await release.promise;
          finished += 1;
        },
      );
      await broker.publish(suite.event(`${suite.tag}.1`));
      await broker.publish(suite.event(`${suite.tag}.2`));
      await pause(20);

      let closed = false;
      const closing = subscription.close().then(() => (closed = true));
      await pause(20);
      expect(closed).toBe(false);
      release.resolve();
      await closing;

      const seen: string[] = [];
      const taken = finished;
      await broker.consumeQueue({ queue: `q.${suite.tag}`, bindings: bindings() }, async ({ message }) => {
        seen.push(message.routingKey);
      });
      await until('the rest', () => seen.length + taken === 2);
    });
  });
}
