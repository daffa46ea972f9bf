import type { Channel, ChannelModel, Options } from 'amqplib';
import { type Logger, messageOf, withDeadline } from '@ringdown/core';
import { journalName, type JournalLimits, LOGGED_EXCHANGES } from '../shared/topology';
import { closeChannel, openChannel } from './amqp-consumer';
import { refusalCode } from './amqp-errors';

/** A stream without a leader answers nothing; events and requests must not wait for it. */
const DECLARE_TIMEOUT_MS = 10_000;
const TYPE = 'x-queue-type';
const SEGMENTS = 128;
const SMALLEST_SEGMENT = 64 * 1024;
/** RabbitMQ's own default; it refuses more than 3 GB. */
const LARGEST_SEGMENT = 500_000_000;

/** Declares the streams behind the event logs, on every connection, before anything is published or consumed there. */
export class AmqpJournals {
  private readonly differing = new Set<string>();

  constructor(
    private readonly limits: JournalLimits,
    private readonly logger: Logger,
  ) {}

  /** Never fails because of a stream: whoever wants to read one declares it again, and is told. */
  async declareAll(model: ChannelModel): Promise<void> {
    for (const exchange of LOGGED_EXCHANGES) {
      try {
        await this.declare(model, exchange);
      } catch (error) {
        this.logger.warn('event log not declared', {
          log: journalName(exchange),
          error: messageOf(error),
        });
      }
    }
  }

  /** The stream's name, once it is there and bound. One that was made with other limits stays as it is. */
  async declare(model: ChannelModel, exchange: string): Promise<string> {
    const stream = journalName(exchange);
    try {
      await onChannel(model, async (channel) => {
        await channel.assertQueue(stream, { durable: true, arguments: this.arguments() });
        await channel.bindQueue(stream, exchange, '#');
      });
    } catch (error) {
      if (refusalCode(error) !== 406 || messageOf(error).includes(TYPE)) throw error;
      await onChannel(model, async (channel) => {
        await channel.checkQueue(stream);
        await channel.bindQueue(stream, exchange, '#');
      });
      if (!this.differing.has(stream)) {
        this.differing.add(stream);
        this.logger.warn('event log was made with other limits and keeps them', {
          log: stream,
          error: messageOf(error),
        });
      }
    }
    return stream;
  }

  /** RabbitMQ lets go of whole segments, and only when a new one begins: small ones keep close to the limits. */
  private arguments(): Options.AssertQueue['arguments'] {
    const { maxAgeS, maxBytes } = this.limits;
    const segment = Math.min(LARGEST_SEGMENT, Math.max(SMALLEST_SEGMENT, Math.floor(maxBytes / SEGMENTS)));
    return {
      [TYPE]: 'stream',
      'x-max-age': `${maxAgeS}s`,
      'x-max-length-bytes': maxBytes,
      'x-stream-max-segment-size-bytes': segment,
    };
  }
}

async function onChannel(model: ChannelModel, run: (channel: Channel) => Promise<void>): Promise<void> {
  const channel = await openChannel(model, () => undefined);
  try {
    await withDeadline(run(channel), DECLARE_TIMEOUT_MS, 'declaring an event log');
  } finally {
    void closeChannel(channel);
  }
}
