import { silentLogger } from '@ringdown/core';
import type { Principal } from '@ringdown/auth';
import type { Dialect } from './dialect';
import { payloadOf, textFrame } from './server-frame';
import { Session, type SessionEvents } from './session';
import type { Transport } from './transport';
import { WriteScheduler } from './write-scheduler';

const principal: Principal = {
  accountId: 'acc',
  userId: 'user',
  keyId: undefined,
  tokenId: 'token',
  expiresAtMs: 1_000,
  epoch: 0,
  isAdmin: false,
  isSuperAdmin: false,
};

function openSession() {
  const written: string[] = [];
  const nothing = (): void => undefined;
  const transport: Transport = {
    queuedBytes: 0,
    write: (frames) => void written.push(...frames.map((frame) => payloadOf(frame).toString())),
    ping: nothing,
    pause: nothing,
    resume: nothing,
    close: nothing,
    terminate: nothing,
  };
  const events: SessionEvents = {
    onEnded: nothing,
    onDisconnected: nothing,
    onIdentified: nothing,
    onTooSlow: nothing,
    onWithheld: nothing,
  };
  const dialect = {
    name: 'test',
    renderGap: ({ sinceMs, reason }) => `gap ${sinceMs} ${reason}`,
  } as Pick<Dialect, 'name' | 'renderGap'> as Dialect;
  const session = new Session({
    id: 's',
    dialect,
    remote: { address: '127.0.0.1', peerAddress: '127.0.0.1', peerPort: 1 },
    connectedAtMs: 0,
    transport,
    scheduler: new WriteScheduler(),
    limits: { rate: { capacity: 1, refillPerSecond: 1 }, maxQueuedBytes: 1_000 },
    events,
    logger: silentLogger,
  });
  session.principal = principal;
  const flushed = async (): Promise<string[]> => {
    await new Promise((resolve) => setImmediate(resolve));
    return written;
  };
  return { session, flushed };
}

const frame = textFrame('event');
const stream = {};

it('tells of what it did not get between the end of its token and the next', async () => {
  const { session, flushed } = openSession();

  expect(session.deliver(frame, 999, stream, undefined)).toBe(true);
  expect(session.deliver(frame, 1_000, stream, undefined)).toBe(false);
  expect(session.deliver(frame, 1_050, stream, undefined)).toBe(false);
  session.principal = { ...principal, expiresAtMs: 9_000 };
  session.onIdentified();
  expect(session.deliver(frame, 1_060, stream, undefined)).toBe(true);

  expect(await flushed()).toEqual(['event', 'gap 1000 authorization_check', 'event']);
});

it('is not resumed by a new token while its access cannot be looked into', async () => {
  const { session, flushed } = openSession();

  session.suspend();
  expect(session.deliver(frame, 500, stream, undefined)).toBe(false);
  session.principal = { ...principal, expiresAtMs: 9_000 };
  session.onIdentified();
  expect(session.deliver(frame, 600, stream, undefined)).toBe(false);
  session.resume();

  expect(await flushed()).toEqual(['gap 500 authorization_check']);
});
