import type { Message, Options } from 'amqplib';
import type { WireMessage } from '@ringdown/contracts';

const TIMESTAMP_HEADER = 'timestamp_in_ms';
/** Seconds of the year 5138: a foreign "timestamp" beyond it was meant as milliseconds. */
const LARGEST_SECONDS = 1e11;

/** What a publisher's message looks like to amqplib. The exact time travels in a header: AMQP has whole seconds. */
export function toPublishOptions(message: WireMessage): Options.Publish {
  const { messageId, timestampMs, type, appId, contentType, headers } = message;
  return setOnly({
    messageId,
    type,
    appId,
    contentType,
    persistent: true,
    timestamp: timestampMs === undefined ? undefined : Math.floor(timestampMs / 1000),
    headers: timestampMs === undefined ? headers : { ...headers, [TIMESTAMP_HEADER]: timestampMs },
  });
}

/** Without the members that are undefined. */
export function setOnly(options: {
  readonly [Key in keyof Options.Publish]: Options.Publish[Key] | undefined;
}): Options.Publish {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Whatever anyone published, as a wire message. Never throws: every field of a foreign message may be missing or odd. */
export function toWireMessage({ fields, properties, content }: Message): WireMessage {
  const headers = asTable(properties.headers);
  return {
    exchange: fields.exchange,
    routingKey: fields.routingKey,
    body: content,
    messageId: asText(properties.messageId),
    timestampMs: timestampOf(headers[TIMESTAMP_HEADER], properties.timestamp),
    type: asText(properties.type),
    appId: asText(properties.appId),
    contentType: asText(properties.contentType),
    headers: Object.fromEntries(
      Object.entries(headers).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[0] !== TIMESTAMP_HEADER,
      ),
    ),
  };
}

/** A dead letter under the exchange and routing key it was published with; RabbitMQ keeps them in `x-death`. */
export function toDeadLetter(message: Message): WireMessage {
  const wire = toWireMessage(message);
  const deaths: unknown = asTable(message.properties.headers)['x-death'];
  const death = asTable(Array.isArray(deaths) ? deaths[0] : undefined);
  const keys: unknown = death['routing-keys'];
  const routingKey: unknown = Array.isArray(keys) ? keys[0] : undefined;
  const exchange = death['exchange'];
  if (typeof exchange !== 'string' || typeof routingKey !== 'string') return wire;
  return { ...wire, exchange, routingKey };
}

/** How often a quorum queue delivered the message before; it counts from the first return. */
export function earlierDeliveries(message: Message): number {
  const count = asTable(message.properties.headers)['x-delivery-count'];
  return typeof count === 'number' && count >= 0 ? count : 0;
}

/** Unix milliseconds at which the message was dead-lettered, for the newest entry of `x-death`. */
export function deathTimeMs(message: Message): number | undefined {
  const deaths: unknown = asTable(message.properties.headers)['x-death'];
  const time = asTable(asTable(Array.isArray(deaths) ? deaths[0] : undefined)['time'])['value'];
  return typeof time === 'number' && Number.isFinite(time) ? time * 1000 : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function timestampOf(header: unknown, seconds: unknown): number | undefined {
  const ms = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : header;
  if (typeof ms === 'number' && Number.isSafeInteger(ms) && ms >= 0) return ms;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds) || seconds < 0) return undefined;
  return seconds > LARGEST_SECONDS ? seconds : seconds * 1000;
}

function asTable(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
