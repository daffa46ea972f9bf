import { EventEmitter } from 'node:events';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { deferred, silentLogger, type Deferred } from '@ringdown/core';
import type { AmqpJournals } from './amqp-journals';
import { AmqpLog } from './amqp-log';

/** A server whose streams are declared when the spec says so. */
class SlowServer {
  readonly declarations: Deferred<string>[] = [];
  readonly consumers: ((message: ConsumeMessage) => void)[] = [];
  readonly journals = {
    declare: () => {
      const declaration = deferred<string>();
      this.declarations.push(declaration);
      return declaration.promise;
    },
  } as unknown as AmqpJournals;
  readonly model = {
    createChannel: () => {
      let closed = false;
      const channel = Object.assign(new EventEmitter(), {
        prefetch: () => (closed ? Promise.reject(new Error('channel closed')) : Promise.resolve()),
        consume: (_stream: string, take: (message: ConsumeMessage) => void) => {
          this.consumers.push(take);
          return Promise.resolve();
        },
        ack: () => undefined,
        close: () => {
          closed = true;
          return Promise.resolve();
        },
      });
      return Promise.resolve(channel as unknown as Channel);
    },
  } as unknown as ChannelModel;
}

const message = (offset: number): ConsumeMessage =>
  ({
    content: Buffer.from('{}'),
    fields: { routingKey: 'call.CHANNEL_CREATE.a' },
    properties: { messageId: `m${offset}`, headers: { 'x-stream-offset': offset } },
  }) as unknown as ConsumeMessage;

describe('a reader of a stream that is slow to be declared', () => {
  let server: SlowServer;
  let read: number[];
  let log: AmqpLog;

  beforeEach(() => {
    jest.useFakeTimers();
    server = new SlowServer();
    read = [];
    log = new AmqpLog(
      {
        log: { exchange: 'call', from: 'first' },
        prefetch: 10,
        journals: server.journals,
        publishMarker: () => Promise.resolve(),
        logger: silentLogger,
        onStateChange: () => undefined,
      },
      { onEntry: ({ offset }) => read.push(offset), onTruncated: () => undefined, onReset: () => undefined },
      () => undefined,
    );
  });

  afterEach(async () => {
    await log.close();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('does not subscribe any more once it was closed', async () => {
    void log.attach(server.model);
    await jest.advanceTimersByTimeAsync(0);
    await log.close();
    server.declarations[0]!.resolve('journal.call');
    await jest.advanceTimersByTimeAsync(0);

    expect(server.consumers).toHaveLength(0);
  });

  it('is not disturbed by an attempt it has given up', async () => {
    void log.attach(server.model);
    await jest.advanceTimersByTimeAsync(15_000);
    server.declarations[1]!.resolve('journal.call');
    await jest.advanceTimersByTimeAsync(0);
    server.consumers[0]!(message(0));
    server.declarations[0]!.resolve('journal.call');
    await jest.advanceTimersByTimeAsync(0);
    server.consumers[0]!(message(1));

    expect(read).toEqual([0, 1]);
    expect(server.consumers).toHaveLength(1);
  });
});
