import { AppError } from '@ringdown/core';
import { CONTROL_EXCHANGE, type FamilyName } from '@ringdown/contracts';

const families: readonly FamilyName[] = ['call', 'conference', 'fax', 'object', 'messaging'];

/**
 * The durable topic exchanges every process declares when it connects, so that the order in which services start does
 * not matter. The event logs are declared with them, before any consumer and any publisher.
 */
export const EVENT_EXCHANGES: readonly string[] = [...families, CONTROL_EXCHANGE];

/** Each of them has an event log bound with `#`. What processes say to each other is not kept. */
export const LOGGED_EXCHANGES: readonly string[] = families;

/** How much of the past an event log keeps; what is older or too much leaves it, oldest first. */
export interface JournalLimits {
  readonly maxAgeS: number;
  readonly maxBytes: number;
}

export const DEFAULT_JOURNAL_LIMITS: JournalLimits = { maxAgeS: 86_400, maxBytes: 512 * 1024 * 1024 };

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

/** The stream that keeps what is published to the exchange. */
export function journalName(exchange: string): string {
  return `journal.${exchange}`;
}

const FENCE_KEY = '_fence.';

/** The routing key of a marker in an event log; no client binding can match it. */
export function fenceKey(id: string): string {
  return FENCE_KEY + id;
}

export function isFenceKey(routingKey: string): boolean {
  return routingKey.startsWith(FENCE_KEY);
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
