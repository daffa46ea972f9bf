import type { WireMessage } from './wire-message';

/** The event families; each has a topic exchange of the same name. */
export type FamilyName = 'call' | 'conference' | 'fax' | 'object' | 'messaging';

/** An event about to be published: everything but the wire form. */
export interface EventDraft {
  readonly family: FamilyName;
  /** The concrete binding string with encoded ids, from a family's routing key builder. */
  readonly routingKey: string;
  /** Event name, for example `CHANNEL_CREATE`, `doc_edited`. */
  readonly name: string;
  /** Undefined: only super admins will see it. */
  readonly accountId: string | undefined;
  /** The body exactly as a Kazoo client gets it as `data`: snake_case. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Default: a new one. Given by an outbox, which must resend under the same id. */
  readonly messageId?: string;
  /** Default: now. */
  readonly timestampMs?: number;
  readonly appId?: string;
  readonly traceparent?: string;
}

/** An event as read from an exchange, ours or a foreign publisher's, checked and completed. */
export interface IncomingEvent {
  readonly messageId: string | undefined;
  readonly family: FamilyName;
  readonly name: string;
  readonly routingKey: string;
  readonly accountId: string | undefined;
  readonly timestampMs: number;
  /** Event name and ids that the body lacked are filled in from the routing key. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Why a message could not be used; the label of a counter, so a closed set. */
export type RejectReason =
  'unknown_exchange' | 'bad_routing_key' | 'too_large' | 'not_json' | 'not_an_object' | 'invalid_field';

export type DecodedEvent =
  | { readonly ok: true; readonly event: IncomingEvent }
  | { readonly ok: false; readonly reason: RejectReason; readonly detail: string };

export type EncodeEvent = (draft: EventDraft) => WireMessage;
export type DecodeEvent = (message: WireMessage) => DecodedEvent;
