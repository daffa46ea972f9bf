import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import {
  AppError,
  type Logger,
  memoised,
  messageOf,
  newMessageId,
  pause,
  withDeadline,
} from '@ringdown/core';
import type { LogHandlers, LogOptions } from '../broker';
import { Fifo } from '../shared/fifo';
import { fenceKey } from '../shared/topology';
import type { TransportLog } from '../shared/transport';
import { AmqpConsumer, closeChannel, openChannel, type OnLost } from './amqp-consumer';
import { asAppError } from './amqp-errors';
import type { AmqpJournals } from './amqp-journals';
import { asText, toWireMessage } from './amqp-message';
import { LogCursor, type SeenEntry } from './log-cursor';
import { offsetOf, readOne, type StreamProbe } from './stream-probe';

const SETUP_TIMEOUT_MS = 10_000;
/** The last entry read comes at once when it is still there. */
const SILENCE_MS = 300;
const PROBE_TIMEOUT_MS = 5_000;
const FIRST_TIMEOUT_MS = 10_000;
const RETRY_MS = 500;

export interface AmqpLogOptions {
  readonly log: LogOptions;
  readonly prefetch: number;
  readonly journals: AmqpJournals;
  /** Writes a message that nobody looks at, and waits for the confirm. */
  readonly publishMarker: (exchange: string, routingKey: string) => Promise<void>;
  readonly logger: Logger;
  readonly onStateChange: () => void;
}

/** One subscription to the stream. What it has not handed over when it ends comes again with the next. */
interface Reading {
  readonly channel: Channel;
  readonly onLost: OnLost;
  readonly waiting: Fifo<ConsumeMessage>;
  /** The oldest entry kept is being asked for; entries wait. */
  asking: boolean;
  /** Nothing came yet. */
  silent: boolean;
  unacknowledged: ConsumeMessage | undefined;
}

/** Reads a stream in order, across lost connections, trimmed segments and streams made anew. */
export class AmqpLog extends AmqpConsumer implements TransportLog {
  readonly close = memoised(() => this.doClose());
  private readonly cursor: LogCursor;
  private reading: Reading | undefined;
  /** The newest try to subscribe; an older one may still wait for the broker, and must not subscribe any more. */
  private attempt: object | undefined;
  private model: ChannelModel | undefined;

  constructor(
    private readonly options: AmqpLogOptions,
    private readonly handlers: LogHandlers,
    private readonly onClosed: (log: AmqpLog) => void,
  ) {
    super(`log of ${options.log.exchange}`, options.logger, options.onStateChange);
    this.cursor = new LogCursor(options.log.from);
  }

  async firstOffset(): Promise<number | undefined> {
    await this.whenAttached(FIRST_TIMEOUT_MS);
    const marker = fenceKey(newMessageId());
    try {
      const oldest = await withDeadline(this.oldest(marker), FIRST_TIMEOUT_MS, `asking ${this.label}`);
      return oldest.fields.routingKey === marker ? undefined : offsetOf(oldest);
    } catch (error) {
      const reason = asAppError(error, `asking for the first entry of ${this.label}`);
      throw new AppError('unavailable', reason.message, { cause: error });
    }
  }

  override detach(reason: string): void {
    this.model = undefined;
    this.endReading();
    super.detach(reason);
  }

  override abandon(): void {
    this.endReading();
    super.abandon();
  }

  protected async setup(model: ChannelModel, onLost: OnLost): Promise<Channel> {
    this.model = model;
    const attempt = (this.attempt = {});
    const channel = await openChannel(model, onLost);
    try {
      await withDeadline(
        this.subscribe(model, channel, onLost, attempt),
        SETUP_TIMEOUT_MS,
        `opening the ${this.label}`,
      );
      return channel;
    } catch (error) {
      if (this.attempt === attempt) this.endReading();
      void closeChannel(channel);
      throw error;
    }
  }

  private async subscribe(
    model: ChannelModel,
    channel: Channel,
    onLost: OnLost,
    attempt: object,
  ): Promise<void> {
    const stream = await this.options.journals.declare(model, this.options.log.exchange);
    if (this.attempt !== attempt) throw new AppError('closed', `${this.label} is not opened any more`);
    const from = this.cursor.subscribe();
    const reading: Reading = {
      channel,
      onLost,
      waiting: new Fifo(),
      asking: false,
      silent: true,
      unacknowledged: undefined,
    };
    this.reading = reading;
    await channel.prefetch(this.options.prefetch);
    await channel.consume(
      stream,
      (message) => {
        if (this.reading !== reading) return;
        if (message === null) onLost('cancelled by the server');
        else this.onDelivery(reading, message);
      },
      { arguments: { 'x-stream-offset': from } },
    );
    if (typeof from === 'number' && from > 0) void this.watchSilence(reading, from);
  }

  private onDelivery(reading: Reading, message: ConsumeMessage): void {
    reading.silent = false;
    if (reading.asking) reading.waiting.push(message);
    else this.read(reading, message);
  }

  private read(reading: Reading, message: ConsumeMessage): void {
    const offset = offsetOf(message);
    if (offset === undefined) return this.acknowledge(reading, message);
    const entry = seen(message);
    switch (this.cursor.judge(offset, entry)) {
      case 'skip':
        return this.acknowledge(reading, message);
      case 'take':
        return this.take(reading, message, offset, entry);
      case 'reset':
        return this.reset(reading);
      case 'ask':
        reading.asking = true;
        void this.ask(reading, message, offset, entry);
    }
  }

  private take(reading: Reading, message: ConsumeMessage, offset: number, entry: SeenEntry): void {
    this.cursor.take(offset, entry);
    this.handlers.onEntry({ offset, message: toWireMessage(message) });
    this.acknowledge(reading, message);
  }

  /** Entries are missing before this one: either RabbitMQ let go of them, or they never were. */
  private async ask(
    reading: Reading,
    message: ConsumeMessage,
    offset: number,
    entry: SeenEntry,
  ): Promise<void> {
    const oldest = await this.insist(reading, async () => offsetOf(await this.oldest()));
    if (oldest === undefined || this.reading !== reading) return;
    const decision = this.cursor.decide(oldest);
    if (decision === 'reset') return this.reset(reading);
    if (decision.missingFrom !== undefined) this.handlers.onTruncated(decision.missingFrom, offset);
    this.take(reading, message, offset, entry);
    reading.asking = false;
    while (this.reading === reading && !reading.asking) {
      const next = reading.waiting.shift();
      if (next === undefined) return;
      this.read(reading, next);
    }
  }

  /**
   * A subscription beyond the end of a stream is silent until the stream has grown to it, and RabbitMQ does not tell
   * where the end is: an entry of our own does.
   */
  private async watchSilence(reading: Reading, from: number): Promise<void> {
    await pause(SILENCE_MS);
    const end = await this.insist(reading, async () => (reading.silent ? this.end() : undefined));
    if (end === undefined || !reading.silent || this.reading !== reading) return;
    if (end < from) this.reset(reading);
  }

  private reset(reading: Reading): void {
    this.reading = undefined;
    this.cursor.reset();
    this.handlers.onReset();
    reading.onLost('the log was made anew');
  }

  /** Of an empty stream nothing comes, until the marker is its first entry. */
  private oldest(marker = fenceKey(newMessageId())): Promise<ConsumeMessage> {
    return this.probe({ from: 'first', accept: () => true, marker, provokeAfterMs: SILENCE_MS });
  }

  private async end(): Promise<number | undefined> {
    const marker = fenceKey(newMessageId());
    const accept = ({ fields }: ConsumeMessage): boolean => fields.routingKey === marker;
    return offsetOf(await this.probe({ from: 'next', accept, marker, provokeAfterMs: 0 }));
  }

  private async probe({
    marker,
    ...how
  }: Pick<StreamProbe, 'from' | 'accept' | 'provokeAfterMs'> & {
    readonly marker: string;
  }): Promise<ConsumeMessage> {
    const { model } = this;
    if (model === undefined) throw new AppError('unavailable', 'not connected to the broker');
    const { journals, log, publishMarker } = this.options;
    const stream = await journals.declare(model, log.exchange);
    const provoke = (): Promise<void> => publishMarker(log.exchange, marker);
    return readOne(model, { ...how, stream, provoke, timeoutMs: PROBE_TIMEOUT_MS });
  }

  /** Until it succeeds, or the subscription it is for is no more. */
  private async insist<T>(reading: Reading, run: () => Promise<T>): Promise<T | undefined> {
    while (this.reading === reading) {
      try {
        return await run();
      } catch (error) {
        this.logger.debug('log not examined', { consumer: this.label, error: messageOf(error) });
        await pause(RETRY_MS);
      }
    }
    return undefined;
  }

  /** One acknowledgement, which is credit for as many more, for everything that came in this turn of the event loop. */
  private acknowledge(reading: Reading, message: ConsumeMessage): void {
    const scheduled = reading.unacknowledged !== undefined;
    reading.unacknowledged = message;
    if (scheduled) return;
    setImmediate(() => {
      const last = reading.unacknowledged;
      reading.unacknowledged = undefined;
      try {
        if (last !== undefined && this.reading === reading) reading.channel.ack(last, true);
      } catch {
        // The channel is gone, and with it the need.
      }
    });
  }

  private endReading(): void {
    this.attempt = undefined;
    this.reading = undefined;
  }

  private async doClose(): Promise<void> {
    this.onClosed(this);
    this.endReading();
    const channel = this.markClosed();
    if (channel !== undefined) await closeChannel(channel);
  }
}

function seen({ fields, properties, content }: ConsumeMessage): SeenEntry {
  return { routingKey: fields.routingKey, messageId: asText(properties.messageId), body: content };
}
