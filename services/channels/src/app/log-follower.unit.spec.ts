import type { Broker, BrokerStatus, LogHandlers, LogReader, Subscription } from '@ringdown/broker';
import { AppError, deferred, silentLogger, type Deferred } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { ChannelRegistry } from '../domain/channel-registry';
import { RecentIds } from '../domain/recent-ids';
import { ACCOUNT, BEGIN, ofSwitch } from '../testing/entries';
import { LogFollower } from './log-follower';
import type { ChannelsMetrics } from './metrics';

const metrics: ChannelsMetrics = {
  folded: () => undefined,
  rejected: () => undefined,
  lag: () => undefined,
  expired: () => undefined,
  truncated: () => undefined,
  reset: () => undefined,
};

/** A log whose fences are read when the test says so, and a broker that tells whether it takes requests. */
class FakeBroker {
  handlers: LogHandlers | undefined;
  serving = 0;
  readonly fences: Deferred<number>[] = [];
  private listener: ((status: BrokerStatus) => void) | undefined;

  readonly port: Pick<Broker, 'openLog' | 'onStatus' | 'serve'> = {
    openLog: (_, handlers) => {
      this.handlers = handlers;
      const reader: LogReader = {
        position: 0,
        fence: () => {
          const fence = deferred<number>();
          this.fences.push(fence);
          return fence.promise;
        },
        firstOffset: () => Promise.resolve(0),
        close: () => Promise.resolve(),
      };
      return Promise.resolve(reader);
    },
    onStatus: (listener) => {
      this.listener = listener;
      return () => (this.listener = undefined);
    },
    serve: () => {
      this.serving += 1;
      return Promise.resolve({
        close: () => {
          this.serving -= 1;
          return Promise.resolve();
        },
      });
    },
  };

  status(state: BrokerStatus['state']): void {
    this.listener?.({ state, sinceMs: 0 });
  }

  /** The nth fence, once it is asked for. */
  async fence(n: number): Promise<Deferred<number>> {
    await waitUntil(() => this.fences.length > n);
    return this.fences[n]!;
  }
}

let broker: FakeBroker;
let registry: ChannelRegistry;
let recent: RecentIds;
let follower: LogFollower;
let nowMs: number;

beforeEach(() => {
  broker = new FakeBroker();
  registry = new ChannelRegistry();
  recent = new RecentIds();
  nowMs = BEGIN;
  follower = followerOf(broker.port);
});

afterEach(() => follower.stop());

function followerOf(port: FakeBroker['port']): LogFollower {
  return new LogFollower({
    broker: port,
    registry,
    recent,
    metrics,
    clock: () => nowMs,
    logger: silentLogger,
    handlers: () => [],
  });
}

async function caughtUp(): Promise<void> {
  void follower.start();
  (await broker.fence(0)).resolve(10);
  await waitUntil(() => broker.serving === 1);
}

describe('following the log', () => {
  it('answers nothing before it has read its own fence', async () => {
    const started = follower.start();
    const fence = await broker.fence(0);
    broker.handlers!.onEntry({ offset: 3, message: ofSwitch('CHANNEL_CREATE') });

    expect(follower.problem).toBe('the log is not read yet');
    expect(() => follower.requireCaughtUp()).toThrow('the log is not read yet');
    await expect(follower.fence(10)).rejects.toMatchObject({ code: 'unavailable' });
    expect(broker.serving).toBe(0);

    fence.resolve(10);
    await started;
    expect(follower.problem).toBeUndefined();
    expect(follower.offset).toBe(10);
    expect(broker.serving).toBe(1);
    expect(registry.size).toBe(1);
  });

  it('asks for another fence when one is lost', async () => {
    const started = follower.start();
    (await broker.fence(0)).reject(new AppError('unavailable', 'not connected'));
    (await broker.fence(1)).reject(new AppError('timeout', 'too long'));
    (await broker.fence(2)).resolve(10);

    await started;
    expect(follower.problem).toBeUndefined();
  });

  it('is behind from a lost connection to the next fence, and leaves requests to others meanwhile', async () => {
    await caughtUp();
    broker.handlers!.onEntry({ offset: 11, message: ofSwitch('CHANNEL_CREATE') });

    broker.status('disconnected');
    expect(follower.problem).toBe('the broker connection was lost');
    await waitUntil(() => broker.serving === 0);
    broker.status('ready');
    expect(follower.problem).toBeDefined();

    (await broker.fence(1)).resolve(12);
    await waitUntil(() => broker.serving === 1);
    expect(follower.problem).toBeUndefined();
    expect(registry.size).toBe(1);
  });

  it('is behind while something that was lost is being restored, which may be what reads the log', async () => {
    await caughtUp();
    broker.status('connecting');
    expect(follower.problem).toBe('the broker is connecting');
    await waitUntil(() => broker.serving === 0);

    broker.status('ready');
    (await broker.fence(1)).resolve(12);
    await waitUntil(() => broker.serving === 1);
    expect(follower.problem).toBeUndefined();
  });

  it('goes on while publishers are blocked: what it reads is all there is', async () => {
    await caughtUp();
    broker.status('blocked');
    expect(follower.problem).toBeUndefined();
  });

  it('can be stopped while neither the log nor its requests can be had', async () => {
    const log = deferred<LogReader>();
    const { openLog } = broker.port;
    let closed = 0;
    follower = followerOf({ ...broker.port, openLog: () => log.promise });
    const started = follower.start();
    await follower.stop();
    log.resolve({
      ...(await openLog({ exchange: 'call', from: 'first' }, broker.handlers!)),
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    });
    await started;
    expect(closed).toBe(1);

    const serving = deferred<Subscription>();
    follower = followerOf({ ...broker.port, serve: () => serving.promise });
    void follower.start();
    (await broker.fence(0)).resolve(10);
    await waitUntil(() => follower.problem === undefined);
    await follower.stop();
    expect(follower.problem).toBe('shutting down');
  });

  it('does not take a fence from before the connection was lost', async () => {
    void follower.start();
    const early = await broker.fence(0);
    broker.status('disconnected');
    early.resolve(10);

    const next = await broker.fence(1);
    expect(follower.problem).toBeDefined();
    next.resolve(11);
    await waitUntil(() => follower.problem === undefined);
  });

  it('forgets everything when the log was made anew, and is behind until it has read that', async () => {
    await caughtUp();
    broker.handlers!.onEntry({ offset: 11, message: ofSwitch('CHANNEL_CREATE', { messageId: 'm1' }) });

    broker.handlers!.onReset();
    expect(registry.size).toBe(0);
    expect(recent.of(ACCOUNT, nowMs).messageIds).toEqual([]);
    expect(follower.problem).toBe('the call log was made anew');
    await waitUntil(() => broker.serving === 0);

    broker.handlers!.onEntry({ offset: 0, message: ofSwitch('CHANNEL_CREATE', { callId: 'c2' }) });
    (await broker.fence(1)).resolve(1);
    await waitUntil(() => broker.serving === 1);
    expect(follower.offset).toBe(1);
    expect(registry.size).toBe(1);
  });

  it('lets go of channels whose last entry went unread with others', async () => {
    await caughtUp();
    broker.handlers!.onEntry({ offset: 11, message: ofSwitch('CHANNEL_CREATE') });

    broker.handlers!.onTruncated(12, 50);
    expect(registry.size).toBe(0);
  });

  it('remembers the ids of what it folds, but not those of long ago while it catches up', async () => {
    void follower.start();
    await broker.fence(0);
    const entry = (offset: number, messageId: string, at: number) =>
      broker.handlers!.onEntry({ offset, message: ofSwitch('CHANNEL_CREATE', { messageId, at }) });
    entry(1, 'old', -60_000);
    entry(2, 'recent', -5_000);
    expect(recent.of(ACCOUNT, nowMs).messageIds).toEqual(['recent']);

    (await broker.fence(0)).resolve(3);
    await waitUntil(() => broker.serving === 1);
    entry(4, 'by a slow clock', -60_000);
    expect(recent.of(ACCOUNT, nowMs).messageIds).toEqual(['recent', 'by a slow clock']);
  });

  it('can be stopped while it waits for its fence, and before it was started', async () => {
    const started = follower.start();
    await broker.fence(0);
    await follower.stop();
    await started;
    expect(broker.serving).toBe(0);

    const never = followerOf(broker.port);
    await never.stop();
    expect(broker.fences).toHaveLength(1);
  });
});
