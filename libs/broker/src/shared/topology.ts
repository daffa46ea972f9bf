import { AppError } from '@ringdown/core';
import { CONTROL_EXCHANGE, type FamilyName } from '@ringdown/contracts';

const families: readonly FamilyName[] = ['call', 'conference', 'fax', 'object', 'messaging'];

/**
 * The durable topic exchanges every process declares when it connects, so that the order in which services start does
 * not matter. The event log has its place here: one stream `journal.{exchange}` per event family, bound with `#`, will
 * be declared after these and before any consumer; its reader belongs beside `consumeQueue` in the transport.
 */
export const EVENT_EXCHANGES: readonly string[] = [...families, CONTROL_EXCHANGE];

/** RabbitMQ 4 refuses larger messages by default; the same limit everywhere, so that nothing works by luck. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** AMQP short strings. */
const MAX_KEY_BYTES = 255;
/** RabbitMQ 4.3.5 refuses topic patterns with more. */
const MAX_HASH_WORDS = 2;

export function feedQueueName(service: string, name: string, instance: string): string {
  return `${service}.${name}.${instance}`;
}

/** Holds the last message a feed's queue dropped; its arrival means "overflow". */
export function overflowQueueName(queue: string): string {
  return `${queue}.overflow`;
}

export function deadQueueName(queue: string): string {
  return `${queue}.dead`;
}

/** A dead-letter queue is plain: it has no dead-letter queue of its own and no delivery limit. */
export function isDeadQueue(queue: string): boolean {
  return queue.endsWith('.dead');
}

export function requestQueueName(service: string, instance?: string): string {
  return instance === undefined ? `rpc.${service}` : `rpc.${service}.${instance}`;
}

/** Refuses here what RabbitMQ would answer with a closed channel. */
export function checkPattern(pattern: string): void {
  if (Buffer.byteLength(pattern) > MAX_KEY_BYTES) {
    throw new AppError('bad_request', `pattern of more than ${MAX_KEY_BYTES} bytes`);
  }
  const hashes = pattern.split('.').filter((word) => word === '#').length;
  if (hashes > MAX_HASH_WORDS) {
    throw new AppError('bad_request', `pattern ${pattern} has more than ${MAX_HASH_WORDS} # words`);
  }
}

export function checkRoutingKey(routingKey: string): void {
  if (Buffer.byteLength(routingKey) > MAX_KEY_BYTES) {
    throw new AppError('bad_request', `routing key of more than ${MAX_KEY_BYTES} bytes`);
  }
}

export function checkBody(body: Buffer): void {
  if (body.length > MAX_BODY_BYTES) {
    throw new AppError('too_large', `message of ${body.length} bytes, more than ${MAX_BODY_BYTES}`);
  }
}
