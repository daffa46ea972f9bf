import { deferred, pause } from '@ringdown/core';
import { handle } from '../broker';
import type { ContractSuite } from './contract-suite';
import { until, untilResolved } from './until';

export function describeClaims(suite: ContractSuite): void {
  describe('claims', () => {
    it('gives a name to one of those who claim it', async () => {
      const brokers = [await suite.connect(), await suite.connect(), await suite.connect()];

      const claims = await Promise.all(brokers.map((it) => suite.claim(it, 'switch-1')));

      expect(claims.filter((it) => it.claim.held)).toHaveLength(1);
      expect(claims.map((it) => it.told).sort()).toEqual([[], [], ['held']]);
    });

    it('gives different names, and the same name of different services, to different processes', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const other = await suite.connect(`b${suite.tag}`);

      const claims = [
        await suite.claim(one, 'switch-1'),
        await suite.claim(two, 'switch-2'),
        await suite.claim(other, 'switch-1'),
        await suite.claim(one, 'switch-3'),
      ];

      expect(claims.map((it) => it.claim.held)).toEqual([true, true, true, true]);
    });

    it('passes the name on when its holder gives it up', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const first = await suite.claim(one, 'switch-1');
      const second = await suite.claim(two, 'switch-1');
      expect(second.claim.held).toBe(false);

      await first.claim.close();

      await until('the other holds it', () => second.claim.held);
      expect(first.claim.held).toBe(false);
      expect(first.told).toEqual(['held']);
      expect(second.told).toEqual(['held']);
    });

    it('passes the name on when the broker of its holder stops', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const first = await suite.claim(one, 'switch-1');
      const second = await suite.claim(two, 'switch-1');

      await one.stop();

      await until('the other holds it', () => second.claim.held);
      expect(first.claim.held).toBe(false);
    });

    it('lets a process that gave a name up claim it again', async () => {
      const broker = await suite.connect();
      const first = await suite.claim(broker, 'switch-1');
      await first.claim.close();

      const second = await suite.claim(broker, 'switch-1');

      await until('it holds it', () => second.claim.held);
    });

    it('no longer waits for a name once the claim was closed', async () => {
      const [one, two, three] = [await suite.connect(), await suite.connect(), await suite.connect()];
      const first = await suite.claim(one, 'switch-1');
      const second = await suite.claim(two, 'switch-1');
      await second.claim.close();

      await first.claim.close();
      const third = await suite.claim(three, 'switch-1');

      await until('the third holds it', () => third.claim.held);
      expect(second.told).toEqual([]);
    });

    it('brings requests to the holder, whoever that is', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const client = await suite.connect(`b${suite.tag}`);
      const answering = (add: number): ReturnType<typeof handle>[] => [
        handle(suite.operation(), async ({ n }) => ({ n: n + add })),
      ];
      const first = await suite.claim(one, 'switch-1', answering(1));
      const second = await suite.claim(two, 'switch-1', answering(2));

      expect(await client.requestTo('switch-1', suite.operation(), { n: 0 })).toEqual({ n: 1 });
      await first.claim.close();
      await until('the other holds it', () => second.claim.held);
      expect(await client.requestTo('switch-1', suite.operation(), { n: 0 })).toEqual({ n: 2 });
    });

    it('is unavailable at once to a request while nobody holds the name', async () => {
      const [server, client] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const ask = (): Promise<unknown> =>
        client.requestTo('switch-1', suite.operation(), { n: 1 }, { timeoutMs: 60_000 });
      await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
      const { claim } = await suite.claim(server, 'switch-1', [
        handle(suite.operation(), async (payload) => payload),
      ]);
      expect(await ask()).toEqual({ n: 1 });

      await claim.close();

      await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
    });

    it('drops unread a request that is past its deadline', async () => {
      const [server, client] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const release = deferred();
      const seen: number[] = [];
      await suite.claim(server, 'switch-1', [
        handle(suite.operation(), async (payload) => {
          seen.push(payload.n);
          await release.promise;
          return payload;
        }),
      ]);
      const ask = (n: number, timeoutMs = 10_000): Promise<unknown> =>
        client.requestTo('switch-1', suite.operation(), { n }, { timeoutMs });
      const busy = Promise.all(Array.from({ length: 64 }, (_, n) => ask(n)));
      await until('all places are taken', () => seen.length === 64);

      await expect(ask(100, 50)).rejects.toMatchObject({ code: 'timeout' });
      // The broker counts from when it got the request, a moment after the caller began to.
      await expect(ask(101, 300)).rejects.toMatchObject({ code: 'timeout' });
      release.resolve();
      await busy;

      expect(await ask(102)).toEqual({ n: 102 });
      expect(seen).not.toContain(100);
    });

    it('gives the name up only after the handlers under way, and sends away who asks meanwhile', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const client = await suite.connect(`b${suite.tag}`);
      const [started, release] = [deferred(), deferred()];
      const first = await suite.claim(one, 'switch-1', [
        handle(suite.operation(), async (payload) => {
          started.resolve();
          await release.promise;
          return payload;
        }),
      ]);
      const second = await suite.claim(two, 'switch-1');
      const answer = client.requestTo('switch-1', suite.operation(), { n: 1 });
      await started.promise;

      const closing = first.claim.close();

      await expect(client.requestTo('switch-1', suite.operation(), { n: 2 })).rejects.toMatchObject({
        code: 'unavailable',
      });
      await pause(20);
      expect(second.claim.held).toBe(false);
      release.resolve();
      expect(await answer).toEqual({ n: 1 });
      await closing;
      await until('the other holds it', () => second.claim.held);
    });

    it('refuses a name this process answers to already, and operations of another service', async () => {
      const broker = await suite.connect();
      await suite.claim(broker, 'switch-1');

      await expect(suite.claim(broker, 'switch-1')).rejects.toMatchObject({ code: 'conflict' });
      await expect(suite.claim(broker, broker.instance)).rejects.toMatchObject({ code: 'conflict' });
      await expect(suite.claim(broker, '')).rejects.toMatchObject({ code: 'bad_request' });
      await expect(
        suite.claim(broker, 'switch-2', [
          handle(suite.operation(`b${suite.tag}`), async (payload) => payload),
        ]),
      ).rejects.toMatchObject({ code: 'bad_request' });
      const again = await suite.claim(broker, 'switch-2');
      expect(again.claim.held).toBe(true);
    });

    it('stands by while the name belongs to an instance', async () => {
      const [named, broker] = [await suite.connect(undefined, 'switch-1'), await suite.connect()];
      const serving = await named.serve([handle(suite.operation(), async (payload) => payload)]);

      const { claim } = await suite.claim(broker, 'switch-1');
      expect(claim.held).toBe(false);
      await serving.close();

      await until('the name is free', () => claim.held);
    });

    it('goes on when a listener threw', async () => {
      const broker = await suite.connect();
      const claim = await broker.claim('switch-1', [handle(suite.operation(), async (payload) => payload)], {
        onHeld: () => {
          throw new Error('listener');
        },
        onLost: () => undefined,
      });

      expect(claim.held).toBe(true);
      expect(await untilResolved(() => broker.requestTo('switch-1', suite.operation(), { n: 1 }))).toEqual({
        n: 1,
      });
    });
  });
}
