import { type Channel, type ChannelModel, type ConfirmChannel, IllegalOperationError } from 'amqplib';
import { backoffMs, type Clock, type Logger, messageOf, pause } from '@ringdown/core';
import { toPublishOptions } from './amqp-message';
import type { Outbox, OutboxEntry, OutboxSink } from './outbox';

/** The confirm channel under the outbox. A refused message costs the channel; a new one is opened on the same connection. */
export class AmqpPublisher {
  private model: ChannelModel | undefined;

  constructor(
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Part of the connection's setup. */
  async attach(model: ChannelModel): Promise<void> {
    this.model = model;
    const channel = await model.createConfirmChannel();
    let refusal: unknown;
    channel.on('error', (error) => {
      refusal = error;
    });
    // Before amqplib's own listener, which calls back every unconfirmed message as if each had been refused.
    channel.prependListener('close', () => {
      this.outbox.detach(refusal);
      if (this.model === model) void this.reopen(model);
    });
    channel.on('return', ({ properties }) => this.outbox.markReturned(Number(properties.correlationId)));
    this.outbox.attach(this.sinkOf(channel));
  }

  /** The connection is gone, and its channels with it. */
  detach(): void {
    this.model = undefined;
  }

  private async reopen(model: ChannelModel): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      // A closing connection closes its channels first; by the next turn it is known.
      await pause(attempt === 0 ? 0 : backoffMs(attempt, { initialMs: 50, maxMs: 2_000 }));
      if (this.model !== model) return;
      try {
        return await this.attach(model);
      } catch (error) {
        this.logger.warn('publish channel not opened', { error: messageOf(error) });
      }
    }
  }

  private sinkOf(channel: ConfirmChannel): OutboxSink {
    return {
      send: (entry, confirmed) => {
        const { exchange, routingKey, body } = entry.message;
        try {
          channel.publish(exchange, routingKey, body, this.optionsOf(entry), confirmed);
          return true;
        } catch (error) {
          if (error instanceof IllegalOperationError) return false;
          throw error;
        }
      },
    };
  }

  private optionsOf(entry: OutboxEntry): Parameters<Channel['publish']>[3] {
    const { mandatory, sequence, expiresAtMs } = entry;
    return {
      ...toPublishOptions(entry.message),
      ...(mandatory ? { mandatory, correlationId: String(sequence) } : {}),
      ...(expiresAtMs === undefined
        ? {}
        : { expiration: String(Math.max(0, Math.ceil(expiresAtMs - this.clock()))) }),
    };
  }
}
