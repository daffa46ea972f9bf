import { currentTrace, withTrace } from '@ringdown/core';
import type { ContractSuite } from './contract-suite';
import { until } from './until';

export function describeEvents(suite: ContractSuite): void {
  describe('events', () => {
    it('delivers what a feed bound, by topic wildcards', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.*.x`);
      await seen.feed.bind('call', `${suite.tag}.deep.#`);

      for (const end of ['one.x', 'one.two.x', 'deep', 'deep.a.b', 'one.y']) {
        await broker.publish(suite.event(`${suite.tag}.${end}`));
      }

      await suite.fence(broker, seen);
      expect(seen.keys()).toEqual([`${suite.tag}.one.x`, `${suite.tag}.deep`, `${suite.tag}.deep.a.b`]);
    });

    it('delivers once to a feed with several matching bindings', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.#`);
      await seen.feed.bind('call', `${suite.tag}.*`);

      await broker.publish(suite.event(`${suite.tag}.one`));

      await suite.fence(broker, seen);
      expect(seen.keys()).toEqual([`${suite.tag}.one`]);
    });

    it('keeps the order of one publisher', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.#`);

      const sent = Array.from({ length: 500 }, (_, n) => `${suite.tag}.${n}`);
      await Promise.all(sent.map((key) => broker.publish(suite.event(key))));

      await until('all', () => seen.messages.length === 500);
      expect(seen.keys()).toEqual(sent);
    });

    it('carries the id of the request an event is the consequence of', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.#`);

      await withTrace({ requestId: 'http-1', traceparent: 't1' }, () =>
        broker.publish({
          ...suite.event(`${suite.tag}.one`),
          headers: { account_id: 'a1', traceparent: 'own' },
        }),
      );

      await suite.fence(broker, seen);
      expect(seen.messages[0]?.headers).toEqual({
        request_id: 'http-1',
        account_id: 'a1',
        traceparent: 'own',
      });
    });

    it('hands events over in the name of nobody, whoever published them', async () => {
      const broker = await suite.connect();
      const names: unknown[] = [];
      const feed = await broker.openFeed(
        { name: suite.tag, maxLength: 100 },
        { onMessage: () => void names.push(currentTrace()), onGap: () => undefined },
      );
      await feed.bind('call', `${suite.tag}.#`);

      await withTrace({ requestId: 'http-1' }, () => broker.publish(suite.event(`${suite.tag}.one`)));

      await until('the event is here', () => names.length > 0);
      expect(names).toEqual([undefined]);
    });

    it('carries bytes and properties, and fills in what the publisher left out', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.#`);
      const body = Buffer.from([0, 255, 128, 10]);

      await broker.publish({
        ...suite.event(`${suite.tag}.full`),
        body,
        messageId: 'm1',
        timestampMs: 1_790_000_000_123,
        type: 'CHANNEL_CREATE',
        appId: 'app',
        contentType: 'application/octet-stream',
        headers: { account_id: 'a1', traceparent: 't' },
      });
      await broker.publish(suite.event(`${suite.tag}.bare`));

      await until('both', () => seen.messages.length === 2);
      const [full, bare] = seen.messages;
      expect(full).toEqual({
        exchange: 'call',
        routingKey: `${suite.tag}.full`,
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
      const broker = await suite.connect();
      const one = await suite.open(broker, { name: 'one' });
      const two = await suite.open(broker, { name: 'two' });
      await one.feed.bind('call', `${suite.tag}.#`);
      await two.feed.bind('call', `${suite.tag}.#`);
      const message = suite.event(`${suite.tag}.x`, 'text');

      await broker.publish(message);
      message.body.fill(0);

      await until('both', () => one.messages.length + two.messages.length === 2);
      one.messages[0]!.body.fill(1);
      expect(two.messages[0]!.body.toString()).toBe('text');
    });

    it('never delivers inside the call that publishes', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      await seen.feed.bind('call', `${suite.tag}.#`);

      const published = broker.publish(suite.event(`${suite.tag}.x`));
      expect(seen.messages).toHaveLength(0);

      await published;
      await until('it', () => seen.messages.length === 1);
    });

    it('reaches the feed as soon as bind resolved, and no longer once unbind did', async () => {
      const broker = await suite.connect();
      const other = await suite.connect(`b${suite.tag}`);
      const seen = await suite.open(broker);

      await seen.feed.bind('call', `${suite.tag}.x`);
      await other.publish(suite.event(`${suite.tag}.x`, '1'));
      await until('the first', () => seen.messages.length === 1);
      await seen.feed.unbind('call', `${suite.tag}.x`);
      await other.publish(suite.event(`${suite.tag}.x`, '2'));

      await suite.fence(other, seen);
      expect(seen.messages.map((it) => it.body.toString())).toEqual(['1']);
    });

    it('takes a second bind, and an unbind of what is not bound, as no-ops', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);

      await Promise.all([seen.feed.bind('call', suite.tag), seen.feed.bind('call', suite.tag)]);
      await seen.feed.unbind('call', 'never.bound');
      expect(seen.feed.bindings).toEqual([{ exchange: 'call', pattern: suite.tag }]);

      await seen.feed.unbind('call', suite.tag);
      await broker.publish(suite.event(suite.tag));
      await suite.fence(broker, seen);
      expect(seen.messages).toEqual([]);
    });

    it('keeps the last of bind and unbind called without waiting', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);
      const [a, b] = [`${suite.tag}.a`, `${suite.tag}.b`];

      await Promise.all([
        ...[seen.feed.bind('call', a), seen.feed.unbind('call', a), seen.feed.bind('call', a)],
        ...[seen.feed.bind('call', b), seen.feed.unbind('call', b)],
      ]);
      await broker.publish(suite.event(a));
      await broker.publish(suite.event(b));

      await suite.fence(broker, seen);
      expect(seen.keys()).toEqual([a]);
    });

    it('refuses a pattern with more than two # and an exchange that does not exist, and only those', async () => {
      const broker = await suite.connect();
      const seen = await suite.open(broker);

      const [bad, unknown, good] = await Promise.allSettled([
        seen.feed.bind('call', '#.a.#.b.#'),
        seen.feed.bind('no-such-exchange', 'x'),
        seen.feed.bind('call', `${suite.tag}.x`),
      ]);

      expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'bad_request' } });
      expect(unknown).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
      expect(good).toMatchObject({ status: 'fulfilled' });
      await broker.publish(suite.event(`${suite.tag}.x`));
      await until('it', () => seen.keys().includes(`${suite.tag}.x`));
    });

    it('goes on after a handler that threw', async () => {
      const broker = await suite.connect();
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
      await feed.bind('call', `${suite.tag}.#`);

      await broker.publish(suite.event(`${suite.tag}.1`));
      await broker.publish(suite.event(`${suite.tag}.2`));

      await until('both', () => seen.length === 2);
    });

    it('drops the oldest above the maximum length and tells one gap', async () => {
      const broker = await suite.connect();
      const before = Date.now();
      const seen = await suite.open(broker, { maxLength: 5, prefetch: 1 });
      await seen.feed.bind('call', `${suite.tag}.#`);

      const sent = Array.from({ length: 2_000 }, (_, n) => `${suite.tag}.${n}`);
      await Promise.all(sent.map((key) => broker.publish(suite.event(key))));

      await until('the gap', () => seen.gaps.length > 0);
      await until('the newest', () => seen.keys().includes(`${suite.tag}.1999`));
      expect(seen.messages.length).toBeLessThan(2_000);
      expect(seen.gaps[0]!.reason).toBe('overflow');
      expect(seen.gaps[0]!.sinceMs).toBeGreaterThan(before - 2_000);
      expect(seen.gaps[0]!.sinceMs).toBeLessThanOrEqual(Date.now());
      expect(seen.gaps.length).toBeLessThan(20);
    });

    it('delivers nothing to a closed feed, whose name is free again', async () => {
      const broker = await suite.connect();
      const first = await suite.open(broker);
      await first.feed.bind('call', `${suite.tag}.#`);
      await first.feed.close();
      await first.feed.close();
      const second = await suite.open(broker);
      await second.feed.bind('call', `${suite.tag}.#`);

      await broker.publish(suite.event(`${suite.tag}.x`));

      await until('the second', () => second.messages.length === 1);
      expect(first.messages).toEqual([]);
      await expect(first.feed.bind('call', 'x')).rejects.toMatchObject({ code: 'closed' });
    });
  });
}
