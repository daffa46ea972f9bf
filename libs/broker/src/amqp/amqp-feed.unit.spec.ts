import { EventEmitter } from 'node:events';
import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { silentLogger } from '@ringdown/core';
import type { Gap } from '../broker';
import { until } from '../contract/until';
import { AmqpFeed } from './amqp-feed';
import { BindPool } from './bind-pool';

type Consumer = (message: ConsumeMessage | null) => void;

/** What a broker answers, by hand: `refuse` decides which binds fail with a closed channel. */
class FakeServer {
  readonly bindings = new Set<string>();
  readonly consumers = new Map<string, Consumer>();
  readonly acknowledged: ConsumeMessage[] = [];
  openChannels = 0;
  refuse: (pattern: string) => Error | undefined = () => undefined;
  /** While set, deletions are not answered. */
  deaf = false;

  readonly model = {
    createChannel: () => {
      this.openChannels += 1;
      return Promise.resolve(this.channel());
    },
  } as unknown as ChannelModel;

  private channel(): EventEmitter {
    const channel = new EventEmitter();
    const closed = (): void => {
      this.openChannels -= 1;
      channel.emit('close');
    };
    return Object.assign(channel, {
      prefetch: () => Promise.resolve(),
      assertQueue: () => Promise.resolve(),
      bindQueue: (_queue: string, _exchange: string, pattern: string) => {
        const error = this.refuse(pattern);
        if (error !== undefined) {
          closed();
          return Promise.reject(error);
        }
        this.bindings.add(pattern);
        return Promise.resolve();
      },
      unbindQueue: () => Promise.resolve(),
      consume: (queue: string, consumer: Consumer) => {
        this.consumers.set(queue, consumer);
        return Promise.resolve({ consumerTag: queue });
      },
      ack: (message: ConsumeMessage) => this.acknowledged.push(message),
      deleteQueue: () => (this.deaf ? new Promise(() => undefined) : Promise.resolve()),
      close: () => {
        closed();
        return Promise.resolve();
      },
    });
  }
}

function refusal(code: number, text: string): Error {
  return Object.assign(new Error(`Operation failed: QueueBind; ${code} (${text})`), { code });
}

function droppedAt(publishedMs: number): ConsumeMessage {
  return {
    fields: {},
    properties: { headers: { timestamp_in_ms: publishedMs } },
    content: Buffer.alloc(0),
  } as unknown as ConsumeMessage;
}

async function openFeed() {
  const server = new FakeServer();
  const pool = new BindPool();
  pool.attach(server.model);
  const gaps: Gap[] = [];
  const feed = new AmqpFeed(
    {
      name: 'feed',
      maxLength: 10,
      prefetch: 10,
      pool,
      lastHeardMs: Date.now,
      onHeard: () => undefined,
      clock: Date.now,
      logger: silentLogger,
      onStateChange: () => undefined,
    },
    { onMessage: () => undefined, onGap: (gap) => void gaps.push(gap) },
    () => undefined,
  );
  await feed.attach(server.model);
  return { server, feed, gaps };
}

describe('a feed on RabbitMQ', () => {
  it('does not forget its bindings because its queue vanished while they were restored', async () => {
    const { server, feed, gaps } = await openFeed();
    await feed.bind('call', 'call.a');
    await feed.bind('call', 'call.b');
    server.bindings.clear();
    let refusals = 0;
    server.refuse = () =>
      refusals++ < 2 ? refusal(404, "NOT_FOUND - no queue 'feed' in vhost '/'") : undefined;

    server.consumers.get('feed')!(null);

    await until('the gap is told', () => gaps.length > 0);
    expect([...server.bindings].sort()).toEqual(['call.a', 'call.b']);
    expect(feed.bindings).toHaveLength(2);
    await feed.close();
    expect(server.openChannels).toBeLessThanOrEqual(2);
  });

  it('goes on without a binding whose exchange is gone', async () => {
    const { server, feed, gaps } = await openFeed();
    await feed.bind('call', 'call.a');
    await feed.bind('gone', 'gone.b');
    server.refuse = (pattern) =>
      pattern === 'gone.b' ? refusal(404, "NOT_FOUND - no exchange 'gone' in vhost '/'") : undefined;

    server.consumers.get('feed')!(null);

    await until('the gap is told', () => gaps.length > 0);
    expect(feed.bindings).toEqual([{ exchange: 'call', pattern: 'call.a' }]);
    await feed.close();
  });

  it('is set up again when it would no longer hear of an overflow', async () => {
    const { server, feed, gaps } = await openFeed();
    const before = server.consumers.get('feed.overflow');

    before!(null);

    await until('the gap is told', () => gaps.length > 0);
    expect(gaps[0]!.reason).toBe('cancelled');
    expect(server.consumers.get('feed.overflow')).not.toBe(before);
    await feed.close();
  });

  it('counts an overflow that goes on from the signal before', async () => {
    const { server, feed, gaps } = await openFeed();
    const overflow = server.consumers.get('feed.overflow')!;
    const start = Date.now();

    overflow(droppedAt(start - 5_000));
    await until('the first gap is told', () => gaps.length === 1);
    expect(server.acknowledged).toHaveLength(1);
    // The queue of length one kept only the last of all that was dropped meanwhile.
    overflow(droppedAt(Date.now()));

    await until('the second gap is told', () => gaps.length === 2);
    expect(gaps[0]!.sinceMs).toBe(start - 5_000);
    expect(gaps[1]!.sinceMs).toBeLessThanOrEqual(start + 50);
    await feed.close();
  });

  it('gives a bind up at its deadline, also while it consumes', async () => {
    const { server, feed } = await openFeed();
    let nowMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => (nowMs += 1_000));
    server.refuse = () => new Error('No channels left to allocate');

    await expect(feed.bind('call', 'call.a')).rejects.toMatchObject({ code: 'unavailable' });

    clock.mockRestore();
    expect(feed.bindings).toEqual([]);
    await feed.close();
  }, 3_000);

  it('ends although the broker does not answer any more', async () => {
    const { server, feed } = await openFeed();
    server.deaf = true;

    await feed.close();
  });
});
