import { randomUUID } from 'node:crypto';
import { ToolError } from './tool.mjs';

/** Publishes one event on RabbitMQ itself, as any foreign client may, and waits for the broker's confirm. */
export async function publishOverAmqp(url, { exchange, routingKey, body, accountId }) {
  const { connect } = await import('amqplib').then(
    (module) => module.default ?? module,
    () => {
      throw new ToolError('The dependencies are not installed yet; run npm start (or npm ci) first.');
    },
  );
  const connection = await connect(url.split(',')[0].trim()).catch((error) => {
    throw new ToolError(`RabbitMQ of RINGDOWN_AMQP_URL cannot be reached (${error.code ?? error.message}).`);
  });
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    const messageId = randomUUID();
    await channel.assertExchange(exchange, 'topic', { durable: true });
    channel.publish(exchange, routingKey, Buffer.from(JSON.stringify(body)), {
      contentType: 'application/json',
      messageId,
      timestamp: Math.floor(Date.now() / 1000),
      appId: 'ringdown-publish',
      headers: accountId === undefined ? {} : { account_id: accountId },
    });
    await channel.waitForConfirms();
    return messageId;
  } finally {
    await connection.close().catch(() => undefined);
  }
}
