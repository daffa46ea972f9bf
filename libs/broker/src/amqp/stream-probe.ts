import type { ChannelModel, ConsumeMessage } from 'amqplib';
import { AppError, deferred, pause, withDeadline } from '@ringdown/core';
import { closeChannel, openChannel } from './amqp-consumer';

const PREFETCH = 100;

export interface StreamProbe {
  readonly stream: string;
  readonly from: 'first' | 'next';
  /** Which entry is wanted. */
  readonly accept: (message: ConsumeMessage) => boolean;
  /** Makes an entry come, when none has this long after the subscription stood. */
  readonly provoke: () => Promise<void>;
  readonly provokeAfterMs: number;
  readonly timeoutMs: number;
}

/** The first entry that is accepted, over a subscription of its own. Errors: `timeout`, `unavailable`. */
export async function readOne(model: ChannelModel, probe: StreamProbe): Promise<ConsumeMessage> {
  const found = deferred<ConsumeMessage>();
  const fail = (reason: string): void => found.reject(new AppError('unavailable', reason));
  const channel = await openChannel(model, fail);
  found.promise.catch(() => undefined);
  let isFound = false;
  const done = new AbortController();
  const run = async (): Promise<ConsumeMessage> => {
    await channel.prefetch(PREFETCH);
    await channel.consume(
      probe.stream,
      (message) => {
        if (done.signal.aborted) return;
        if (message === null) return fail('cancelled by the server');
        if (probe.accept(message)) {
          isFound = true;
          found.resolve(message);
        } else channel.ack(message);
      },
      { arguments: { 'x-stream-offset': probe.from } },
    );
    await Promise.race([found.promise, pause(probe.provokeAfterMs, done.signal)]);
    if (!isFound && !done.signal.aborted) await probe.provoke();
    return found.promise;
  };
  try {
    return await withDeadline(run(), probe.timeoutMs, `reading ${probe.stream}`);
  } finally {
    done.abort();
    void closeChannel(channel);
  }
}

/** Every delivery of a stream has one. */
export function offsetOf(message: ConsumeMessage): number | undefined {
  const headers: Readonly<Record<string, unknown>> = message.properties.headers ?? {};
  const offset = headers['x-stream-offset'];
  return typeof offset === 'number' ? offset : undefined;
}
