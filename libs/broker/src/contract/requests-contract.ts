import Joi from 'joi';
import { AppError, currentTrace, deferred, withTrace } from '@ringdown/core';
import { defineOperation } from '@ringdown/contracts';
import { handle } from '../broker';
import type { ContractSuite } from './contract-suite';
import { until } from './until';

export function describeRequests(suite: ContractSuite): void {
  describe('requests', () => {
    it('answers from any replica', async () => {
      const [server, client] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      await server.serve([handle(suite.operation(), async ({ n }) => ({ n: n * 2 }))]);

      expect(await client.request(suite.operation(), { n: 21 })).toEqual({ n: 42 });
      expect(
        await Promise.all(Array.from({ length: 50 }, (_, n) => client.request(suite.operation(), { n }))),
      ).toEqual(Array.from({ length: 50 }, (_, n) => ({ n: n * 2 })));
    });

    it('hands the handler the request id, the deadline and the trace', async () => {
      const broker = await suite.connect();
      const contexts: unknown[] = [];
      await broker.serve([
        handle(suite.operation(), async (payload, context) => {
          contexts.push(context);
          return payload;
        }),
      ]);

      await broker.request(
        suite.operation(),
        { n: 1 },
        { requestId: 'r1', traceparent: 't1', timeoutMs: 3_000 },
      );

      expect(contexts).toEqual([{ requestId: 'r1', traceparent: 't1', deadlineMs: expect.any(Number) }]);
    });

    it('runs the handler in the name of whoever the request is asked for, or in its own', async () => {
      const broker = await suite.connect();
      const names: unknown[] = [];
      await broker.serve([
        handle(suite.operation(), async (payload) => {
          names.push(currentTrace());
          return payload;
        }),
      ]);

      await withTrace({ requestId: 'http-1', traceparent: 't1' }, () =>
        broker.request(suite.operation(), { n: 1 }, { requestId: 'r1' }),
      );
      await broker.request(suite.operation(), { n: 2 }, { requestId: 'r2' });

      expect(names).toEqual([
        { requestId: 'http-1', traceparent: 't1' },
        { requestId: 'r2', traceparent: undefined },
      ]);
    });

    it('carries an AppError whole, and of anything else nothing but the fact', async () => {
      const broker = await suite.connect();
      const secret = defineOperation<null, null>(broker.service, 'secret', Joi.any());
      await broker.serve([
        handle(suite.operation(), async () => {
          throw new AppError('conflict', 'taken', { details: { name: 'n' }, retryable: true });
        }),
        handle(secret, async () => {
          throw new Error('password=hunter2');
        }),
      ]);

      await expect(broker.request(suite.operation(), { n: 1 })).rejects.toMatchObject({
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
      const broker = await suite.connect();
      let called = false;
      await broker.serve([
        handle(suite.operation(), async (payload) => {
          called = true;
          return payload;
        }),
      ]);

      await expect(broker.request(suite.operation(), { n: 'x' as unknown as number })).rejects.toMatchObject({
        code: 'validation_failed',
        details: { n: expect.any(String) },
      });
      await expect(broker.request(suite.operation(`a${suite.tag}`, 'other'), { n: 1 })).rejects.toMatchObject(
        {
          code: 'not_implemented',
        },
      );
      expect(called).toBe(false);
    });

    it('is unavailable at once when nobody ever served', async () => {
      const broker = await suite.connect();
      await expect(
        broker.request(suite.operation(`nobody${suite.tag}`), { n: 1 }, { timeoutMs: 60_000 }),
      ).rejects.toMatchObject({ code: 'unavailable' });
    });

    it('times out when the handler is slow, and is not answered later', async () => {
      const broker = await suite.connect();
      const release = deferred();
      await broker.serve([
        handle(suite.operation(), async (payload) => {
          await release.promise;
          return payload;
        }),
      ]);

      await expect(broker.request(suite.operation(), { n: 1 }, { timeoutMs: 50 })).rejects.toMatchObject({
        code: 'timeout',
        retryable: true,
      });
      release.resolve();
      expect(await broker.request(suite.operation(), { n: 2 })).toEqual({ n: 2 });
    });

    it('drops unread what is past its deadline', async () => {
      const broker = await suite.connect();
      const release = deferred();
      const seen: number[] = [];
      await broker.serve(
        [
          handle(suite.operation(), async (payload) => {
            seen.push(payload.n);
            if (payload.n === 1) await release.promise;
            return payload;
          }),
        ],
        { concurrency: 1 },
      );

      const first = broker.request(suite.operation(), { n: 1 });
      await until('the first is under way', () => seen.length === 1);
      await expect(broker.request(suite.operation(), { n: 2 }, { timeoutMs: 50 })).rejects.toMatchObject({
        code: 'timeout',
      });
      // The broker counts from when it got the request, a moment after the caller began to: a second, longer deadline
      // that passes meanwhile makes sure.
      await expect(broker.request(suite.operation(), { n: 3 }, { timeoutMs: 300 })).rejects.toMatchObject({
        code: 'timeout',
      });
      release.resolve();
      await first;

      expect(await broker.request(suite.operation(), { n: 4 })).toEqual({ n: 4 });
      expect(seen).not.toContain(2);
      expect(seen.at(-1)).toBe(4);
    });

    it('reaches the instance asked for, and is unavailable at once when it is gone', async () => {
      const servers = [await suite.connect(), await suite.connect()];
      const client = await suite.connect(`b${suite.tag}`);
      const who = defineOperation<null, { instance: string }>(`a${suite.tag}`, 'who', Joi.any());
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
      const [good, silent, failing] = [await suite.connect(), await suite.connect(), await suite.connect()];
      const client = await suite.connect(`b${suite.tag}`);
      const never = deferred<{ n: number }>();
      await good.serve([handle(suite.operation(), async ({ n }) => ({ n: n + 1 }))]);
      await silent.serve([handle(suite.operation(), () => never.promise)]);
      await failing.serve([
        handle(suite.operation(), async () => {
          throw new AppError('internal', 'no');
        }),
      ]);
      await until('all known', () => client.instances(`a${suite.tag}`).length === 3);

      const gathered = await client.requestAll(suite.operation(), { n: 1 }, { timeoutMs: 300 });
      never.resolve({ n: 0 });

      expect(gathered.answers).toEqual([{ instance: good.instance, value: { n: 2 } }]);
      expect([...gathered.missing].sort()).toEqual([silent.instance, failing.instance].sort());
    });

    it('asks nobody when no instance is known', async () => {
      const broker = await suite.connect();
      expect(await broker.requestAll(suite.operation(`nobody${suite.tag}`), { n: 1 })).toEqual({
        answers: [],
        missing: [],
      });
    });

    it('lets several parts of a service serve their own operations', async () => {
      const broker = await suite.connect();
      const other = suite.operation(`a${suite.tag}`, 'triple');
      const first = await broker.serve([handle(suite.operation(), async ({ n }) => ({ n: n * 2 }))]);
      await broker.serve([handle(other, async ({ n }) => ({ n: n * 3 }))]);

      expect(await broker.request(suite.operation(), { n: 1 })).toEqual({ n: 2 });
      expect(await broker.request(other, { n: 1 })).toEqual({ n: 3 });

      await first.close();
      await expect(broker.request(suite.operation(), { n: 1 })).rejects.toMatchObject({
        code: 'not_implemented',
      });
      expect(await broker.request(other, { n: 2 })).toEqual({ n: 6 });
    });

    it('survives requests that are not JSON, have no reply address or no properties at all', async () => {
      const broker = await suite.connect();
      await broker.serve([handle(suite.operation(), async (payload) => payload)]);
      const queue = `rpc.${broker.service}`;

      await broker.publish({ exchange: '', routingKey: queue, body: Buffer.from('{{{') });
      await broker.publish({ exchange: '', routingKey: queue, body: Buffer.alloc(0), type: 'double' });

      expect(await broker.request(suite.operation(), { n: 1 })).toEqual({ n: 1 });
    });
  });
}
