import { CONTROL_EXCHANGE } from '@ringdown/contracts';
import type { ContractSuite } from './contract-suite';
import { until } from './until';

export function describePublishing(suite: ContractSuite): void {
  describe('publishing', () => {
    it('says with mandatory whether a queue took it, each for its own message', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind(CONTROL_EXCHANGE, `${suite.tag}.yes`);

      const results = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          broker.publish(
            // The same message id everywhere: a return must not be matched by it.
            {
              ...suite.event(`${suite.tag}.${n % 2 === 0 ? 'yes' : 'no'}`),
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
      const broker = await suite.connect();
      expect(await broker.publish(suite.event(`${suite.tag}.nobody`))).toEqual({ routed: true });
    });

    it('rejects only the message whose exchange does not exist', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.#`);

      const outcomes = await Promise.allSettled([
        broker.publish(suite.event(`${suite.tag}.1`)),
        broker.publish({ ...suite.event(`${suite.tag}.2`), exchange: 'no-such-exchange' }),
        broker.publish(suite.event(`${suite.tag}.3`)),
      ]);

      expect(outcomes.map((it) => it.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(outcomes[1]).toMatchObject({ reason: { code: 'not_found' } });
      await until('both', () => new Set(seen.keys()).size === 2);
    });

    it('refuses a routing key that is too long and a body that is too large', async () => {
      const broker = await suite.connect();
      await expect(broker.publish(suite.event('x'.repeat(256)))).rejects.toMatchObject({
        code: 'bad_request',
      });
      await expect(
        broker.publish({ ...suite.event(suite.tag), body: Buffer.alloc(17 * 1024 * 1024) }),
      ).rejects.toMatchObject({ code: 'too_large' });
    });

    it('refuses before start and after stop', async () => {
      const broker = suite.unstarted({ service: `a${suite.tag}` });

      await expect(broker.publish(suite.event(suite.tag))).rejects.toMatchObject({ code: 'unavailable' });

      await broker.start();
      await broker.stop();
      await expect(broker.publish(suite.event(suite.tag))).rejects.toMatchObject({ code: 'closed' });
      await expect(suite.open(broker)).rejects.toMatchObject({ code: 'closed' });
      expect(broker.status().state).toBe('stopped');
    });
  });
}
