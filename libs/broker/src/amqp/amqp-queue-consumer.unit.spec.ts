import { EventEmitter } from 'node:events';
import { silentLogger } from '@ringdown/core';
import type { Channel, ChannelModel } from 'amqplib';
import { AmqpQueueConsumer } from './amqp-queue-consumer';

/** A connection to a broker that answers nothing about the queue until it was deleted. */
function brokerWithStuckQueue() {
  const calls: string[] = [];
  let stuck = true;
  const createChannel = () => {
    const channel = Object.assign(new EventEmitter(), {
      prefetch: () => Promise.resolve(),
      consume: () => {
        calls.push('consume');
        return stuck ? new Promise(() => undefined) : Promise.resolve({ consumerTag: 't' });
      },
      deleteQueue: (queue: string) => {
        calls.push(`delete ${queue}`);
        stuck = false;
        return Promise.resolve();
      },
      close: () => {
        channel.emit('close');
        return Promise.resolve();
      },
    });
    return Promise.resolve(channel as unknown as Channel);
  };
  return { calls, model: { createChannel } as unknown as ChannelModel };
}

function consumerOf(replaceable: boolean): AmqpQueueConsumer {
  return new AmqpQueueConsumer(
    {
      label: 'rpc.demo',
      prefetch: 1,
      declare: () => Promise.resolve('rpc.demo'),
      handle: () => Promise.resolve('ack'),
      replaceable,
      logger: silentLogger,
      onStateChange: () => undefined,
    },
    () => undefined,
  );
}

describe('a consumer of a queue that does not answer', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('makes the queue anew after two attempts when nothing in it is worth keeping', async () => {
    const { calls, model } = brokerWithStuckQueue();
    const consumer = consumerOf(true);

    const attached = consumer.attach(model);
    await jest.advanceTimersByTimeAsync(30_000);
    await attached;

    expect(calls).toEqual(['consume', 'consume', 'delete rpc.demo', 'consume']);
    expect(consumer.isSettled).toBe(true);
  });

  it('never deletes any other queue, and goes on trying', async () => {
    const { calls, model } = brokerWithStuckQueue();
    const consumer = consumerOf(false);

    void consumer.attach(model);
    await jest.advanceTimersByTimeAsync(60_000);
    consumer.abandon();

    expect(new Set(calls)).toEqual(new Set(['consume']));
    expect(calls.length).toBeGreaterThan(3);
  });
});
