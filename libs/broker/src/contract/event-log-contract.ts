import { randomHex } from '@ringdown/core';
import type { Broker, LogEntry, LogReader } from '../broker';
import { type ContractSuite, openLogOf } from './contract-suite';
import { until } from './until';

export function describeEventLog(suite: ContractSuite): void {
  describe('the event log', () => {
    async function publishAll(broker: Broker, keys: readonly string[]): Promise<void> {
      await Promise.all(keys.map((key) => broker.publish(suite.event(key))));
    }

    const numbered = (count: number, word = 'n'): string[] =>
      Array.from({ length: count }, (_, n) => `${suite.tag}.${word}.${n}`);

    const own = (entries: readonly LogEntry[]): [number, string][] =>
      entries
        .filter((it) => it.message.routingKey.startsWith(suite.tag))
        .map((it) => [it.offset, it.message.routingKey]);

    it('tells two readers the same entries in the same order under the same offsets', async () => {
      const [one, two] = [await suite.connect(), await suite.connect()];
      const early = await suite.openLog(one);

      await Promise.all([
        publishAll(one, numbered(300, 'one')),
        publishAll(two, numbered(300, 'two')),
        publishAll(one, numbered(300, 'three')),
      ]);
      const late = await suite.openLog(two);
      await Promise.all([early.reader.fence(), late.reader.fence()]);

      expect(early.keys()).toHaveLength(900);
      expect(own(late.entries)).toEqual(own(early.entries));
      const offsets = early.entries.map((it) => it.offset);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      for (const word of ['one', 'two']) {
        expect(early.keys().filter((it) => it.includes(`.${word}.`))).toEqual(numbered(300, word));
      }
    });

    it('carries bytes and properties', async () => {
      const broker = await suite.connect();
      const log = await suite.openLog(broker, { from: 'next' });
      const message = {
        ...suite.event(`${suite.tag}.full`),
        body: Buffer.from([0, 255, 128, 10]),
        messageId: randomHex(32),
        timestampMs: 1_790_000_000_123,
        type: 'CHANNEL_CREATE',
        appId: 'app',
        contentType: 'application/octet-stream',
        headers: { account_id: 'a1', traceparent: 't' },
      };

      await broker.publish(message);
      await log.reader.fence();

      expect(log.entries.map((it) => it.message)).toEqual([message]);
    });

    it('shares no memory between readers', async () => {
      const broker = await suite.connect();
      const [one, two] = [await suite.openLog(broker), await suite.openLog(broker)];

      await broker.publish(suite.event(`${suite.tag}.x`, 'text'));
      await one.reader.fence();
      one.entries.at(-1)!.message.body.fill(0);
      await two.reader.fence();

      expect(two.entries.at(-1)!.message.body.toString()).toBe('text');
    });

    it('keeps what nobody read, from the first entry on', async () => {
      const broker = await suite.connect();
      await publishAll(broker, numbered(10));

      const log = await suite.openLog(broker);
      await log.reader.fence();

      expect(log.keys()).toEqual(numbered(10));
      expect(log.entries[0]!.offset).toBeGreaterThanOrEqual((await log.reader.firstOffset())!);
    });

    it('begins at an offset, without a hole or a repeat', async () => {
      const broker = await suite.connect();
      const whole = await suite.openLog(broker);
      await publishAll(broker, numbered(100));
      await whole.reader.fence();
      const from = whole.entries.at(-40)!.offset;

      const rest = await suite.openLog(broker, { from });
      await rest.reader.fence();

      expect(own(rest.entries)).toEqual(own(whole.entries).slice(-40));
      expect(rest.truncations).toEqual([]);
      expect(rest.resets).toEqual([]);
    });

    it('begins where another reader stands', async () => {
      const broker = await suite.connect();
      const first = await suite.openLog(broker);
      await first.reader.fence();
      const from = first.reader.position!;
      await first.reader.close();

      const second = await suite.openLog(broker, { from });
      await publishAll(broker, numbered(3));
      await second.reader.fence();

      expect(second.keys()).toEqual(numbered(3));
      expect(second.resets).toEqual([]);
    });

    it('begins with what comes from now on', async () => {
      const broker = await suite.connect();
      await broker.publish(suite.event(`${suite.tag}.before`));

      const log = await suite.openLog(broker, { from: 'next' });
      await broker.publish(suite.event(`${suite.tag}.after`));
      await log.reader.fence();

      expect(log.entries.map((it) => it.message.routingKey)).toEqual([`${suite.tag}.after`]);
    });

    it('keeps a log for each family', async () => {
      const broker = await suite.connect();
      const [calls, objects] = [
        await suite.openLog(broker, { from: 'next' }),
        await suite.openLog(broker, { exchange: 'object', from: 'next' }),
      ];

      await broker.publish({ ...suite.event(`${suite.tag}.object`), exchange: 'object' });
      await broker.publish(suite.event(`${suite.tag}.call`));
      await Promise.all([calls.reader.fence(), objects.reader.fence()]);

      expect(calls.keys()).toEqual([`${suite.tag}.call`]);
      expect(objects.keys()).toEqual([`${suite.tag}.object`]);
    });

    it('has read everything confirmed before a fence when the fence resolves', async () => {
      const [writer, broker] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const log = await suite.openLog(broker);

      for (let round = 1; round <= 20; round += 1) {
        await publishAll(writer, numbered(20, `round${round}`));
        const offset = await log.reader.fence();

        expect(log.keys()).toHaveLength(20 * round);
        expect(offset).toBeGreaterThan(log.entries.at(-1)!.offset);
        expect(log.reader.position).toBe(offset + 1);
      }
    });

    it('shares fences asked for at the same time: one under way, one for all others', async () => {
      const broker = await suite.connect();
      const log = await suite.openLog(broker);
      await log.reader.fence();

      const offsets = await Promise.all(Array.from({ length: 50 }, () => log.reader.fence()));

      expect(new Set(offsets).size).toBe(2);
      expect(offsets[0]).toBeLessThan(offsets[1]!);
    });

    it('never shows a fence, its own or of another', async () => {
      const [one, two] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const [mine, theirs] = [await suite.openLog(one), await suite.openLog(two)];

      await Promise.all([mine.reader.fence(), theirs.reader.fence()]);
      await theirs.reader.fence();
      await mine.reader.fence();

      for (const log of [mine, theirs]) {
        expect(log.entries.filter((it) => it.message.routingKey.startsWith('_fence'))).toEqual([]);
      }
    });

    it('shows other internal keys', async () => {
      const broker = await suite.connect();
      const log = await suite.openLog(broker, { from: 'next' });

      await broker.publish(suite.event(`_switch.${suite.tag}`));
      await log.reader.fence();

      expect(log.entries.map((it) => it.message.routingKey)).toEqual([`_switch.${suite.tag}`]);
    });

    it('goes on after a handler that threw', async () => {
      const broker = await suite.connect();
      const seen: string[] = [];
      const reader = await broker.openLog(
        { exchange: 'call', from: 'next' },
        {
          onEntry: ({ message }) => {
            seen.push(message.routingKey);
            throw new Error('handler');
          },
          onTruncated: () => undefined,
          onReset: () => undefined,
        },
      );

      await publishAll(broker, numbered(3));
      await reader.fence();

      expect(seen).toEqual(numbered(3));
    });

    it('never delivers inside the call that publishes or opens', async () => {
      const broker = await suite.connect();
      await broker.publish(suite.event(`${suite.tag}.1`));
      const log = openLogOf(broker, suite.tag);
      let opened = false;
      void log.then(() => (opened = true));
      expect(opened).toBe(false);
      const { reader, entries } = await log;
      await reader.fence();
      const before = entries.length;

      const published = broker.publish(suite.event(`${suite.tag}.2`));
      expect(entries).toHaveLength(before);
      await published;
      await until('it', () => entries.length === before + 1);
    });

    it('starts over from the first entry when the offset lies beyond the end', async () => {
      const broker = await suite.connect();
      await publishAll(broker, numbered(3));

      const log = await suite.openLog(broker, { from: 1_000_000_000 });
      await log.reader.fence();

      expect(log.resets).toEqual([0]);
      expect(log.keys()).toEqual(numbered(3));
    });

    it('knows the first offset only once there is one', async () => {
      const broker = await suite.connect();
      const log = await suite.openLog(broker, { exchange: 'messaging' });
      expect(log.reader.position).toBeUndefined();
      expect(await log.reader.firstOffset()).toBeUndefined();

      await broker.publish({ ...suite.event(`${suite.tag}.x`), exchange: 'messaging' });
      await log.reader.fence();

      expect(await log.reader.firstOffset()).toBeLessThanOrEqual(log.entries[0]!.offset);
      expect(log.entries).toHaveLength(1);
    });

    it('reads nothing after it was closed', async () => {
      const broker = await suite.connect();
      const [closed, open] = [await suite.openLog(broker), await suite.openLog(broker)];
      const waiting = expect(closed.reader.fence()).rejects.toMatchObject({ code: 'closed' });
      await closed.reader.close();
      await closed.reader.close();
      await waiting;
      const before = closed.entries.length;

      await broker.publish(suite.event(`${suite.tag}.x`));
      await open.reader.fence();

      expect(closed.entries).toHaveLength(before);
      await expect(closed.reader.fence()).rejects.toMatchObject({ code: 'closed' });
      await expect(closed.reader.firstOffset()).rejects.toMatchObject({ code: 'closed' });
    });

    it('refuses an exchange without a log and what is no offset', async () => {
      const broker = await suite.connect();
      await expect(suite.openLog(broker, { exchange: 'control' })).rejects.toMatchObject({
        code: 'not_found',
      });
      for (const from of [-1, 1.5, NaN]) {
        await expect(suite.openLog(broker, { from })).rejects.toMatchObject({ code: 'bad_request' });
      }
    });
  });
}

/** Logs of one MiB. */
export function describeShortEventLog(suite: ContractSuite): void {
  const MESSAGES = 400;
  const text = 'x'.repeat(16 * 1024);

  /** Slowly enough for the reader to keep up. */
  async function fill(broker: Broker, reader: LogReader): Promise<void> {
    for (let n = 0; n < MESSAGES; n += 20) {
      const keys = Array.from({ length: 20 }, (_, at) => `${suite.tag}.${n + at}`);
      await Promise.all(keys.map((key) => broker.publish(suite.event(key, text))));
      await reader.fence();
    }
  }

  it('tells a reader what is no longer kept, and reads on from there', async () => {
    const broker = await suite.connect();
    const probe = await suite.openLog(broker, { from: 'next' });
    const from = probe.reader.position!;
    await fill(broker, probe.reader);
    // A broker may take its time to let go of what is too much.
    for (let first: number | undefined = 0; first === undefined || first <= from;) {
      first = await probe.reader.firstOffset();
      if (first === undefined || first <= from) await broker.publish(suite.event(`${suite.tag}.more`, text));
    }

    const log = await suite.openLog(broker, { from });
    await Promise.all([log.reader.fence(), probe.reader.fence()]);

    const to = log.truncations[0]?.to ?? 0;
    expect(log.truncations).toEqual([{ from, to }]);
    expect(to).toBeGreaterThan(from);
    expect(log.resets).toEqual([]);
    expect(log.entries).toEqual(probe.entries.filter((it) => it.offset >= to));
    expect(log.entries.length).toBeLessThan(MESSAGES);
  });
}
