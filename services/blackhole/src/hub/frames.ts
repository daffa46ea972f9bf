import { createHash, randomBytes } from 'node:crypto';
import type { RenderableEvent } from '../core/dialect';

/** A message of the hub to a client, in the order of its members. */
export interface HubMessage {
  /** Default: a new one. */
  readonly id?: string;
  /** Id of the client's message that is answered. */
  readonly ref_id?: string;
  readonly event_type: string;
  /** Default: now. */
  readonly timestampMs?: number;
  readonly message: string;
  readonly body?: unknown;
  /** Only in what is meant for one client. */
  readonly client_id?: string;
}

/** Text that naive clients may compare. */
const WELCOME_TEXT = 'WebSocket connection established subscribed to global by default';
/** Makes ids of events that have none of their own differ from those of other processes. */
const processKey = randomBytes(32);

/** 64 hexadecimal digits. */
export function newHubId(): string {
  return randomBytes(32).toString('hex');
}

export function hubFrame(message: HubMessage, nowMs: number): string {
  const {
    id = newHubId(),
    ref_id,
    event_type,
    timestampMs = nowMs,
    message: text,
    body,
    client_id,
  } = message;
  return JSON.stringify({
    id,
    ref_id,
    event_type,
    timestamp: new Date(timestampMs).toISOString(),
    message: text,
    body: body === null ? undefined : body,
    client_id,
  });
}

/** The first frame of every socket: how a client learns its id and what it is subscribed to. */
export function welcomeFrame(
  facts: {
    readonly client_id: string;
    readonly subscriptions: readonly string[];
    readonly user_id: string;
    readonly account_id: string;
  },
  nowMs: number,
): string {
  return hubFrame({ event_type: 'global', message: WELCOME_TEXT, body: facts }, nowMs);
}

/** An error that is no answer, or one to a message that had no readable type. */
export function errorFrame(
  error: string,
  nowMs: number,
  facts: { readonly ref_id?: string; readonly client_id?: string; readonly body?: object } = {},
): string {
  const { body, ...rest } = facts;
  return hubFrame({ event_type: 'global', message: 'error', body: { error, ...body }, ...rest }, nowMs);
}

/**
 * An event of a family: its channel is the family, its message the event's name. Its id is the same for all sockets of
 * all instances, also when the event is published again, so that a client that reconnects can drop repeats by it.
 */
export function eventFrame(renderable: RenderableEvent): string {
  const { event } = renderable;
  const head = JSON.stringify({
    id: idOf(renderable),
    event_type: event.family,
    timestamp: isoTime(event.timestampMs),
    message: messageOf(renderable),
  });
  return `${head.slice(0, -1)},"body":${renderable.bodyJson()}}`;
}

/** What happens in a conference is told by the body; its events all have one name. */
function messageOf({ event }: RenderableEvent): string {
  const kind = event.family === 'conference' ? event.body['event'] : undefined;
  return typeof kind === 'string' && kind !== '' ? kind : event.name;
}

function idOf({ event, sequence }: RenderableEvent): string {
  const { messageId, family, routingKey, accountId = '' } = event;
  const hash = createHash('sha256');
  if (messageId === undefined) hash.update(processKey).update(String(sequence));
  else hash.update(`${family}\n${routingKey}\n${accountId}\n${messageId}`);
  return hash.digest('hex');
}

/** A foreign publisher may say any number. */
function isoTime(ms: number): string {
  const date = new Date(ms);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}
