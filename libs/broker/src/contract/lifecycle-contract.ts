import { deferred, pause } from '@ringdown/core';
import { handle } from '../broker';
import type { ContractSuite } from './contract-suite';
import { until } from './until';

export function describeLifecycle(suite: ContractSuite): void {
  describe('lifecycle', () => {
    it('is ready after start, and names itself', async () => {
      const broker = await suite.connect();
      expect(broker.status().state).toBe('ready');
      expect(broker.instance).toMatch(new RegExp(`^a${suite.tag}-[0-9a-f]{8}$`));
    });

    it('gives every caller of start and of stop the same outcome', async () => {
      const broker = await suite.connect();
      await Promise.all([broker.start(), broker.start()]);
      await Promise.all([broker.stop(), broker.stop()]);
      await broker.stop();
      expect(broker.status().state).toBe('stopped');
    });

    it('stops without ever having started', async () => {
      const broker = suite.unstarted({ service: `a${suite.tag}` });
      await broker.stop();
      expect(broker.status().state).toBe('stopped');
    });

    it('drains: stop waits for handlers, which may still publish and ask', async () => {
      const [draining, other] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const started = deferred();
      const release = deferred();
      const seen = await suite.open(other);
      await seen.feed.bind('call', `${suite.tag}.done`);
      const helper = suite.operation(`b${suite.tag}`, 'help');
      await other.serve([handle(helper, async ({ n }) => ({ n: n + 1 }))]);
      await draining.serve([
        handle(suite.operation(), async ({ n }) => {
          started.resolve();
          await release.promise;
          const { n: helped } = await draining.request(helper, { n });
          await draining.publish(suite.event(`${suite.tag}.done`));
          return { n: helped };
        }),
      ]);

      const answer = other.requestTo(draining.instance, suite.operation(), { n: 1 });
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
      const [server, client] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const release = deferred<{ n: number }>();
      await server.serve([handle(suite.operation(), () => release.promise)]);

      const asked = expect(client.request(suite.operation(), { n: 1 })).rejects.toMatchObject({
        code: 'closed',
      });
      await client.stop();
      await asked;
      release.resolve({ n: 1 });
    });

    it('reports every change of status, and a listener that throws harms nobody', async () => {
      const broker = suite.unstarted({ service: `a${suite.tag}` });
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
}
