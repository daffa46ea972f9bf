import { families, hubChannels } from '@ringdown/contracts';
import type { InboundMessage } from '../core/dialect';
import { newHubId } from './frames';

/** A message of a client, understood as far as it goes. */
export type ClientMessage =
  /** Nothing of it can be referred to. */
  | { readonly kind: 'unreadable'; readonly error: string }
  /** A verb for one of the hub's own channels; undefined when it is no text. */
  | {
      readonly kind: 'verb';
      readonly channel: 'health' | 'system';
      readonly verb: string | undefined;
      readonly refId: string;
    }
  /** A channel that only ever speaks to clients. */
  | { readonly kind: 'unhandled'; readonly eventType: string; readonly refId: string };

const MAX_REF_ID_LENGTH = 256;
const MAX_SHOWN_LENGTH = 100;

/** Every channel there is; unlike those of a subscription, these are compared with case. */
const channels: ReadonlySet<string> = new Set([...hubChannels, ...families.map(({ name }) => name)]);

/** Reads one message: JSON in a text or binary frame. `type` is another name of `event_type`. */
export function readClientMessage({ data }: InboundMessage): ClientMessage {
  let message: unknown;
  try {
    message = JSON.parse(data.toString('utf8'));
  } catch (error) {
    return { kind: 'unreadable', error: error instanceof Error ? shown(error.message) : 'not JSON' };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return { kind: 'unreadable', error: 'a message must be a JSON object' };
  }
  const { event_type, type, id, message: verb } = message as Readonly<Record<string, unknown>>;
  const eventType = event_type ?? type ?? '';
  if (typeof eventType !== 'string' || !channels.has(eventType)) {
    const name = typeof eventType === 'string' ? eventType : typeof eventType;
    return { kind: 'unreadable', error: `invalid message type ${shown(name)}` };
  }
  const named = typeof id === 'string' && id !== '' && id.length <= MAX_REF_ID_LENGTH;
  const refId = named ? id : newHubId();
  if (eventType !== 'health' && eventType !== 'system') return { kind: 'unhandled', eventType, refId };
  return { kind: 'verb', channel: eventType, verb: typeof verb === 'string' ? verb : undefined, refId };
}

function shown(text: string): string {
  return text.length <= MAX_SHOWN_LENGTH ? text : `${text.slice(0, MAX_SHOWN_LENGTH)}…`;
}
