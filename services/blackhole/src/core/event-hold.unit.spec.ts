import { silentLogger } from '@ringdown/core';
import { DeadlineWheel } from './deadline-wheel';
import type { Dialect } from './dialect';
import { EventHold, type HoldLimits } from './event-hold';
import { payloadOf, textFrame } from './server-frame';
import { Session, type Subscription } from './session';
import type { Transport } from './transport';
import { WriteScheduler } from './write-scheduler';

const WINDOW_MS = 1_000;
const RELEASE = { contained: new Set(['1', '2']), windowMs: WINDOW_MS };
const nothing = (): void => undefined;

/** A session that writes down what it sends, a clock that stands still, and two streams. */
function setUp(limits: HoldLimits = { maxEvents: 100, maxBytes: 10_000 }) {
  const written: string[] = [];
  let now = 0;
  const wheel = new DeadlineWheel(100, () => now);
  const transport: Transport = {
    queuedBytes: 0,
    write: (frames) => void written.push(...frames.map((frame) => payloadOf(frame).toString())),
    ping: nothing,
    pause: nothing,
    resume: nothing,
    close: nothing,
    terminate: nothing,
  };
  const session = new Session({
    id: 's',
    dialect: { name: 'test', renderGap: () => 'gap', renderClosing: nothing } as unknown as Dialect,
    remote: { address: '127.0.0.1', peerAddress: '127.0.0.1', peerPort: 1 },
    connectedAtMs: 0,
    transport,
    scheduler: new WriteScheduler(),
    limits: { rate: { capacity: 1, refillPerSecond: 1 }, maxQueuedBytes: 100_000 },
    events: {
      onEnded: nothing,
      onDisconnected: nothing,
      onIdentified: nothing,
      onTooSlow: nothing,
      onWithheld: nothing,
    },
    logger: silentLogger,
  });
  const stream = { name: 'a' };
  return {
    session,
    stream,
    other: { name: 'b' },
    wheel,
    hold: () =>
      new EventHold(session, {
        limits,
        clock: () => now,
        after: (delayMs, run) => wheel.after(delayMs, run),
      }),
    /** An event whose text is its message id. */
    event: (messageId: string, of: object = stream) =>
      session.deliver(textFrame(messageId), now, of, messageId),
    pass: (ms: number) => {
      now += ms;
      wheel.turn();
    },
    written: async (): Promise<string[]> => {
      await new Promise((resolve) => setImmediate(resolve));
      return written;
    },
  };
}

describe('released', () => {
  it('passes on what the snapshot does not contain, behind the answer', async () => {
    const { session, stream, other, hold, event, written } = setUp();
    const held = hold();
    held.begin(stream, undefined);

    for (const id of ['1', '3']) event(id);
    event('2', other);
    event('4');
    held.settle();
    event('5');
    session.send('answer');

    expect(held.release(RELEASE)).toBe(3);
    expect(await written()).toEqual(['2', 'answer', '3', '4', '5']);
  });

  it('drops late repeats until none can come any more, then costs nothing', async () => {
    const { session, stream, wheel, hold, event, pass, written } = setUp();
    const held = hold();
    held.begin(stream, undefined);
    held.settle();
    held.release(RELEASE);

    event('1');
    event('3');
    pass(WINDOW_MS - 200);
    event('2');
    expect(session.isListening).toBe(true);
    pass(400);

    expect(session.isListening).toBe(false);
    expect(wheel.size).toBe(0);
    event('2');
    expect(await written()).toEqual(['3', '2']);
  });

  it('leaves no filter where the snapshot contained nothing', () => {
    const { session, stream, wheel, hold } = setUp();
    const held = hold();
    held.begin(stream, undefined);
    held.settle();
    held.release({ contained: new Set(), windowMs: WINDOW_MS });

    expect(session.filterOf(stream)).toBeUndefined();
    expect(wheel.size).toBe(0);
  });

  it('takes over from the snapshot before it', async () => {
    const { session, stream, wheel, hold, event, pass, written } = setUp();
    for (const contained of [new Set(['1']), new Set(['1', '2'])]) {
      const held = hold();
      held.begin(stream, undefined);
      held.settle();
      held.release({ contained, windowMs: WINDOW_MS });
      pass(500);
    }

    expect(wheel.size).toBe(1);
    pass(600);
    expect(session.filterOf(stream)).toBeUndefined();
    event('2');
    expect(await written()).toEqual(['2']);
  });
});

describe('given up', () => {
  it('passes everything on to those who were subscribed before, and takes the others off', async () => {
    const { session, stream, other, hold, event, written } = setUp();
    const left: string[] = [];
    const held = hold();
    held.begin(stream, undefined);
    held.begin(other, () => left.push('other'));

    event('1');
    event('2', other);
    event('3');
    held.giveUp();
    held.giveUp();
    event('4');

    expect(left).toEqual(['other']);
    expect(session.isListening).toBe(false);
    expect(await written()).toEqual(['1', '3', '4']);
  });

  it('goes on dropping the repeats of the snapshot before it', async () => {
    const { stream, hold, event, pass, written } = setUp();
    const first = hold();
    first.begin(stream, undefined);
    first.settle();
    first.release(RELEASE);
    const second = hold();
    second.begin(stream, undefined);

    event('1');
    event('3');
    second.giveUp();
    event('2');
    event('4');
    expect(await written()).toEqual(['3', '4']);

    pass(2 * WINDOW_MS);
    event('2');
    expect(await written()).toEqual(['3', '4', '2']);
  });

  it('puts no filter back that ended meanwhile', () => {
    const { session, stream, hold, pass } = setUp();
    const first = hold();
    first.begin(stream, undefined);
    first.settle();
    first.release(RELEASE);
    const second = hold();
    second.begin(stream, undefined);
    pass(2 * WINDOW_MS);
    second.giveUp();

    expect(session.filterOf(stream)).toBeUndefined();
  });

  it.each([
    ['events', { maxEvents: 2, maxBytes: 10_000 }],
    ['bytes', { maxEvents: 100, maxBytes: 8 }],
  ])('by itself when too many %s wait', async (_, limits) => {
    const { stream, hold, event, written } = setUp(limits);
    const held = hold();
    held.begin(stream, undefined);

    for (const id of ['1', '2', '3', '4']) event(id);

    await expect(held.failed).rejects.toMatchObject({ code: 'unavailable' });
    expect(() => held.settle()).toThrow('snapshot unavailable, try again');
    expect(await written()).toEqual(['1', '2', '3', '4']);
  });

  it('by itself when a subscription ends, whose events nobody gets', async () => {
    const { session, stream, other, hold, event, written } = setUp();
    const left: string[] = [];
    const held = hold();
    held.begin(stream, undefined);
    held.begin(other, undefined);

    event('1');
    event('2', other);
    session.endStream(stream);

    await expect(held.failed).rejects.toMatchObject({ code: 'unavailable' });
    expect(left).toEqual([]);
    expect(await written()).toEqual(['2']);
  });

  it('by itself when the socket closes, and leaves everything', async () => {
    const { session, stream, other, wheel, hold, event } = setUp();
    const first = hold();
    first.begin(stream, undefined);
    first.settle();
    first.release(RELEASE);
    const left: string[] = [];
    const held = hold();
    held.begin(stream, undefined);
    held.begin(other, () => left.push('other'));

    event('3');
    session.terminate();

    await expect(held.failed).rejects.toMatchObject({ code: 'unavailable' });
    expect(left).toEqual(['other']);
    expect(wheel.size).toBe(0);
    expect(session.isListening).toBe(false);
  });

  it('not by itself once it is settled: the answer is on its way', async () => {
    const { stream, hold, event, written } = setUp({ maxEvents: 1, maxBytes: 10_000 });
    const held = hold();
    held.begin(stream, undefined);
    held.settle();

    for (const id of ['3', '4', '5']) event(id);
    held.release(RELEASE);

    expect(await written()).toEqual(['3', '4', '5']);
  });
});

it('is told of notices in their place', async () => {
  const { session, stream, hold, event, written } = setUp();
  const held = hold();
  held.begin(stream, undefined);

  event('3');
  session.notify(textFrame('gap'));
  event('4');
  held.settle();
  session.subscriptions.set('a', {} as Subscription);
  held.release(RELEASE);

  expect(await written()).toEqual(['3', 'gap', '4']);
});

it('refuses a stream that another one holds', () => {
  const { stream, hold } = setUp();
  const first = hold();
  first.begin(stream, undefined);

  expect(() => hold().begin(stream, undefined)).toThrow('snapshot unavailable, try again');
});
