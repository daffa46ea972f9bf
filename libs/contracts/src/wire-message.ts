/**
 * A message as it travels through a broker, free of any client library.
 * `body` is UTF-8 JSON for events and requests; a foreign publisher may send anything.
 */
export interface WireMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  /** Unique and sortable by time when ours; undefined when a foreign publisher set none. */
  readonly messageId: string | undefined;
  /** Unix milliseconds (AMQP carries seconds; ours also sends header `timestamp_in_ms`). */
  readonly timestampMs: number | undefined;
  /** The event name, for example `CHANNEL_CREATE`. */
  readonly type: string | undefined;
  readonly appId: string | undefined;
  readonly contentType: string | undefined;
  /** Flat strings only; other header types of foreign publishers are dropped on the way in. */
  readonly headers: Readonly<Record<string, string>>;
}
