import type { Clock } from '@ringdown/core';
import type { RenderableEvent } from '../core/dialect';
import { UnreadClock } from './unread-clock';

type Body = Readonly<Record<string, unknown>>;
type Render = (event: RenderableEvent) => string;

export interface Payloads {
  readonly message: Render;
  readonly unreadCount: Render;
  readonly channel: Render;
  /** One destination for everything: `{type, payload, timestamp}`. */
  readonly newer: Render;
}

export interface PayloadOptions {
  /** `delivery_state` as the original server wrote it, not as its documentation has it. */
  readonly lowerCaseStates: boolean;
  readonly clock: Clock;
}

/** Bodies of messages with exactly the members of the original protocol; what our events have beyond them is left out. */
export function createPayloads({ lowerCaseStates, clock }: PayloadOptions): Payloads {
  const unread = new UnreadClock(clock);
  const stateOf = (state: unknown): unknown => {
    if (typeof state !== 'string') return state;
    return lowerCaseStates ? state.toLowerCase() : state.toUpperCase();
  };
  const unreadTime = ({ event, sequence }: RenderableEvent): number => unread.timeOf(event, sequence);
  return {
    message: ({ event: { body } }) => {
      const { id, content, delivery_state, sender_type, sent_at } = objectIn(body['message']);
      return JSON.stringify({
        conversation_id: body['conversation_id'],
        channel_id: body['channel_id'],
        message: { id, content, delivery_state: stateOf(delivery_state), sender_type, sent_at },
      });
    },
    unreadCount: (event) =>
      JSON.stringify({
        conversation_id: event.event.body['conversation_id'],
        unread_message_count: event.event.body['unread_message_count'],
        timestamp: new Date(unreadTime(event)).toISOString(),
      }),
    channel: ({ event: { body } }) => JSON.stringify(channelOf(body)),
    newer: (event) => JSON.stringify(newerForm(event, unreadTime)),
  };
}

function channelOf(body: Body): Body {
  const { id, name, source, source_channel_id, image_url } = body;
  return present({ id, name, source, source_channel_id, image_url });
}

/** The form of later versions: `content` is a JSON value, unread counts are metadata, channels have one type. */
function newerForm(rendered: RenderableEvent, unreadTime: (event: RenderableEvent) => number): Body {
  const { name, body, timestampMs } = rendered.event;
  if (name === 'message') {
    const { id, content, delivery_state, sender_type, sent_at, source } = objectIn(body['message']);
    const message = {
      id,
      content: parsedIfJson(content),
      delivery_state: typeof delivery_state === 'string' ? delivery_state.toLowerCase() : delivery_state,
      from_contact: sender_type === 'source_contact',
      sent_at,
      source,
    };
    const { conversation_id, channel_id } = body;
    return {
      type: 'message.created',
      payload: { conversation_id, channel_id, message },
      timestamp: timestampMs,
    };
  }
  if (name === 'unread_count') {
    const payload = {
      subject: 'conversation',
      identifier: body['conversation_id'],
      metadata: { unread_count: body['unread_message_count'] },
    };
    return { type: 'metadata.updated', payload, timestamp: unreadTime(rendered) };
  }
  const { id, source, source_channel_id, name: channelName, image_url } = body;
  const payload = {
    ...present({ id, source, source_channel_id }),
    connected: name === 'channel_connected',
    metadata: present({ name: channelName, image_url }),
  };
  return { type: 'channel.updated', payload, timestamp: timestampMs };
}

/** Without the members that have no value. */
function present(members: Body): Body {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  );
}

function objectIn(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : {};
}

function parsedIfJson(content: unknown): unknown {
  if (typeof content !== 'string') return content;
  try {
    return JSON.parse(content) as unknown;
  } catch {
    return content;
  }
}
