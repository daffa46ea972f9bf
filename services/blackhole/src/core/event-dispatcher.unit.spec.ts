import { silentLogger } from '@ringdown/core';
import { decodeEvent, parseBinding, type WireMessage } from '@ringdown/contracts';
import type { Dialect } from './dialect';
import { EventDispatcher } from './event-dispatcher';
import { noMetrics } from './metrics';
import { payloadOf } from './server-frame';
import type { Session } from './session';
import { SubscriptionTable } from './subscription-table';
import { WriteScheduler } from './write-scheduler';

const ACCOUNT = 'acc';

function message(callId: string, extra: Partial<WireMessage> = {}): WireMessage {
  return {
    exchange: 'call',
    routingKey: `call.CHANNEL_CREATE.${callId}`,
    body: Buffer.from(JSON.stringify({ call_id: callId })),
    messageId: undefined,
    timestampMs: undefined,
    type: undefined,
    appId: undefined,
    contentType: undefined,
    headers: { account_id: ACCOUNT },
    ...extra,
  };
}

/** A dispatcher over sessions that only write down what they get. */
function setUp(sessionCount: number, options: { chunkSize?: number; maxBacklog?: number } = {}) {
  let rendered = 0;
  const dialect = {
    name: 'test',
    renderEvent: ({ event, bodyJson }) => {
      rendered += 1;
      if (event.routingKey.endsWith('abcde')) return bodyJson();
      if (event.routingKey.endsWith('boom')) throw new Error('boom');
      return event.routingKey.slice('call.CHANNEL_CREATE.'.length);
    },
    renderGap: ({ reason }) => `gap ${reason}`,
  } as Pick<Dialect, 'name' | 'renderEvent' | 'renderGap'> as Dialect;
  const table = new SubscriptionTable<Session>();
  const binding = parseBinding('call.*.*');
  const frames: Buffer[][] = [];
  const sessions = Array.from({ length: sessionCount }, (_, index) => {
    const got: Buffer[] = (frames[index] = []);
    const take = (frame: Buffer): boolean => got.push(frame) > 0;
    const session = { isOpen: true, dialect, isListening: true, deliver: take, notify: take };
    return session as unknown as Session;
  });
  for (const session of sessions) table.add(dialect, binding, ACCOUNT, session);
  const dispatcher = new EventDispatcher({
    decode: decodeEvent,
    table,
    sessions: () => sessions,
    scheduler: new WriteScheduler(),
    watch: { beforeDelivery: () => undefined },
    metrics: noMetrics,
    clock: Date.now,
    logger: silentLogger,
    ...options,
  });
  const texts = (index: number): string[] => frames[index]!.map((frame) => payloadOf(frame).toString());
  return { dispatcher, table, binding, dialect, sessions, frames, texts, rendered: () => rendered };
}

it('builds one frame for all sockets', () => {
  const { dispatcher, frames, rendered } = setUp(100);

  dispatcher.onMessage(message('a'));

  expect(rendered()).toBe(1);
  expect(new Set(frames.map(([frame]) => frame)).size).toBe(1);
});

it('gives other work a turn during a large fan-out and keeps the order, gaps included', async () => {
  const { dispatcher, texts } = setUp(1_000, { chunkSize: 100 });
  let turns = 0;
  const counting = setInterval(() => (turns += 1), 0);

  dispatcher.onMessage(message('a'));
  expect(texts(0)).toEqual(['a']);
  expect(texts(999)).toEqual([]);
  dispatcher.onMessage(message('b'));
  dispatcher.onGap({ sinceMs: 1, reason: 'queue_overflow' });
  dispatcher.onMessage(message('c'));
  await dispatcher.drained();
  clearInterval(counting);

  for (const index of [0, 500, 999]) expect(texts(index)).toEqual(['a', 'b', 'gap queue_overflow', 'c']);
  expect(turns).toBeGreaterThan(0);
});

it('works off what is too much when it falls behind, but not all at once, and keeps the order', async () => {
  const { dispatcher, texts } = setUp(1_000, { chunkSize: 100, maxBacklog: 20 });
  const ids = Array.from({ length: 22 }, (_, index) => `m${index}`);

  for (const id of ids) dispatcher.onMessage(message(id));

  // A socket that was given everything in one turn would look as if it did not read.
  expect(texts(999)).toEqual(ids.slice(0, texts(999).length));
  expect(texts(999).length).toBeGreaterThanOrEqual(ids.length - 21);
  expect(texts(0).length).toBeLessThan(ids.length);
  await dispatcher.drained();
  expect(texts(0)).toEqual(ids);
  expect(texts(999)).toEqual(ids);
});

it('serves nobody twice who leaves and comes back during a fan-out, and nobody who left', async () => {
  const { dispatcher, table, dialect, binding, sessions, texts } = setUp(1_000, { chunkSize: 100 });

  dispatcher.onMessage(message('a'));
  table.delete(dialect, binding, ACCOUNT, sessions[0]!);
  table.add(dialect, binding, ACCOUNT, sessions[0]!);
  table.delete(dialect, binding, ACCOUNT, sessions[999]!);
  await dispatcher.drained();

  expect(texts(0)).toEqual(['a']);
  expect(texts(999)).toEqual([]);
});

it('goes on after an event that cannot be rendered', () => {
  const { dispatcher, texts } = setUp(2);

  dispatcher.onMessage(message('boom'));
  dispatcher.onMessage(message('after'));

  expect(texts(0)).toEqual(['after']);
});

it('yields after many bytes, so that a burst has time to be written', async () => {
  const { dispatcher, texts } = setUp(1);
  const body = { filler: 'x' };
  const long = 'y'.repeat(200);
  const ids = Array.from({ length: 2_000 }, (_, index) => `${long}${index}`);

  for (const id of ids) dispatcher.onMessage(message(id, { body: Buffer.from(JSON.stringify(body)) }));

  expect(texts(0).length).toBeLessThan(ids.length);
  await dispatcher.drained();
  expect(texts(0)).toEqual(ids);
});

it('yields between the many frames of one large event', async () => {
  const { dispatcher, table, dialect, sessions, texts } = setUp(33);
  // One id, written in 32 ways: the same event, in 32 frames.
  const spellings = Array.from({ length: 32 }, (_, bits) =>
    [...'abcde']
      .map((char, at) => (bits & (1 << at) ? `%${char.charCodeAt(0).toString(16)}` : char))
      .join(''),
  );
  spellings.forEach((id, index) =>
    table.add(dialect, parseBinding(`call.*.${id}`), ACCOUNT, sessions[index]!),
  );
  const body = Buffer.from(JSON.stringify({ filler: 'x'.repeat(100_000) }));
  const total = (): number => sessions.reduce((sum, _, index) => sum + texts(index).length, 0);

  dispatcher.onMessage(message('abcde', { body }));
  expect(total()).toBeLessThan(33 + 32);
  dispatcher.onMessage(message('other'));
  await dispatcher.drained();

  expect(total()).toBe(33 + 32 + 33);
  for (const index of [0, 31, 32]) expect(texts(index).at(-1)).toBe('other');
});

it('drops repeats by message id, but not the same id under another key', () => {
  const { dispatcher, texts } = setUp(1);

  dispatcher.onMessage(message('a', { messageId: '1' }));
  dispatcher.onMessage(message('a', { messageId: '1' }));
  dispatcher.onMessage(message('b', { messageId: '1' }));

  expect(texts(0)).toEqual(['a', 'b']);
});

it('takes an event whose id was used by something unusable, or by another account', () => {
  const { dispatcher, texts } = setUp(1);

  dispatcher.onMessage(message('a', { messageId: '1', body: Buffer.from('no JSON') }));
  dispatcher.onMessage(message('a', { messageId: '1', headers: { account_id: 'other' } }));
  dispatcher.onMessage(message('a', { messageId: '1' }));
  dispatcher.onMessage(message('a', { messageId: '1' }));

  expect(texts(0)).toEqual(['a']);
});
