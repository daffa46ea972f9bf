import { AppError, newMessageId } from '@ringdown/core';
import { completed } from './decode-event';
import { MAX_ROUTING_KEY_BYTES } from './encoded-id';
import type { EventDraft } from './event';
import { familyNamed } from './families/families';
import type { KeyFacts } from './families/family';
import { MAX_EVENT_BYTES } from './json-body';
import type { WireMessage } from './wire-message';

export const DEFAULT_APP_ID = 'ringdown';
/** Version of these contracts, in every event as `app_version`. */
export const CONTRACTS_VERSION = '0.1.0';

/**
 * The wire form of an event of ours; `decodeEvent` is sure to accept it. Event name, category, ids, `app_name`,
 * `app_version` and `msg_id` are added to a body that lacks them. Errors: `bad_request` (routing key), `validation_failed`
 * (types of known fields, one entry per field in `details.fields`), `too_large`.
 */
export function encodeEvent(draft: EventDraft): WireMessage {
  const facts = factsOf(draft);
  const problems = facts.shape.problems(draft.body);
  if (problems.length > 0) {
    throw new AppError('validation_failed', `event ${draft.routingKey}: ${problems[0]!.message}`, {
      details: { fields: problems },
    });
  }
  const messageId = draft.messageId ?? newMessageId();
  const appId = draft.appId ?? DEFAULT_APP_ID;
  const body = completed(draft.body, {
    ...facts.defaults,
    app_name: appId,
    app_version: CONTRACTS_VERSION,
    msg_id: messageId,
  });
  return {
    exchange: draft.family,
    routingKey: draft.routingKey,
    body: serialised(body, draft.routingKey),
    messageId,
    timestampMs: draft.timestampMs ?? Date.now(),
    type: draft.name,
    appId,
    contentType: 'application/json',
    headers: {
      ...(draft.accountId === undefined ? {} : { account_id: draft.accountId }),
      ...(draft.traceparent === undefined ? {} : { traceparent: draft.traceparent }),
    },
  };
}

function factsOf(draft: EventDraft): KeyFacts {
  const { family, routingKey, name } = draft;
  const words = routingKey.split('.');
  const facts =
    words[0] === family && Buffer.byteLength(routingKey) <= MAX_ROUTING_KEY_BYTES
      ? familyNamed(family)?.readKey(words, draft.body)
      : undefined;
  if (facts === undefined) {
    throw new AppError('bad_request', `${routingKey} is no routing key of family ${family}`);
  }
  if (facts.name !== name) {
    throw new AppError('bad_request', `routing key ${routingKey} is one of event ${facts.name}, not ${name}`);
  }
  return facts;
}

function serialised(body: EventDraft['body'], routingKey: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = Buffer.from(JSON.stringify(body), 'utf8');
  } catch (cause) {
    throw new AppError('bad_request', `the body of event ${routingKey} is not JSON`, { cause });
  }
  if (bytes.length > MAX_EVENT_BYTES) {
    throw new AppError(
      'too_large',
      `event ${routingKey} has ${bytes.length} bytes, at most ${MAX_EVENT_BYTES}`,
    );
  }
  return bytes;
}
