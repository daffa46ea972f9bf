import { connect, type ChannelModel, type ConfirmChannel, type Options } from 'amqplib';
import { onTeardown } from './teardown';

/** Properties a foreign publisher may set; none is required. */
export type ForeignProperties = Options.Publish;

/** A message as a foreign consumer sees it. */
export interface ForeignMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}

/**
 * Any AMQP client, built on plain amqplib and nothing of this project: what it publishes comes from outside, what it
 * consumes is what outsiders see. Closed at the end of the spec file at the latest.
 */
export class ForeignAmqp {
  private constructor(
    readonly connection: ChannelModel,
    readonly channel: ConfirmChannel,
  ) {}

  static async connect(url: string): Promise<ForeignAmqp> {
    const connection = await connect(url);
    connection.on('error', () => undefined);
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    const foreign = new ForeignAmqp(connection, channel);
    const forget = onTeardown(() => foreign.close());
    connection.once('close', forget);
    return foreign;
  }

  /** Publishes and waits for the broker's confirm. An object is sent as JSON, a string or Buffer as it is. */
  async publish(
    exchange: string,
    routingKey: string,
    body: unknown,
    properties: ForeignProperties = {},
  ): Promise<void> {
    const bytes =
      typeof body === 'string' || Buffer.isBuffer(body)
        ? Buffer.from(body)
        : Buffer.from(JSON.stringify(body));
    await new Promise<void>((resolve, reject) => {
      this.channel.publish(exchange, routingKey, bytes, properties, (error: unknown) =>
        error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(),
      );
    });
  }

  /** Binds a temporary queue and collects what arrives, from the moment the promise resolves. */
  async collect(exchange: string, pattern = '#'): Promise<ForeignMessage[]> {
    const messages: ForeignMessage[] = [];
    const { queue } = await this.channel.assertQueue('', { exclusive: true, autoDelete: true });
    await this.channel.bindQueue(queue, exchange, pattern);
    await this.channel.consume(
      queue,
      (message) => {
        if (!message) return;
        const { headers, ...properties } = message.properties;
        messages.push({
          exchange: message.fields.exchange,
          routingKey: message.fields.routingKey,
          body: message.content,
          properties: { ...properties },
          headers: { ...headers },
        });
      },
      { noAck: true },
    );
    return messages;
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => undefined);
  }
}
