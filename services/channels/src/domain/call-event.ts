import { createHash } from 'node:crypto';
import {
  CALL_PRODUCER,
  decodeEvent,
  type CallEventName,
  type JsonObject,
  type RejectReason,
  type WireMessage,
} from '@ringdown/contracts';
import { GREGORIAN_OFFSET_S, fromGregorianSeconds, toGregorianSeconds } from '@ringdown/core';
import { MAX_CALL_ID, MAX_ID, boundedCallId, boundedId, boundedNumber } from './bounded';
import type { Stamp } from './stamp';

/** The year 9999. */
const MAX_UNIX_S = 253_402_300_799;

/** A call event as the registry needs it. */
export interface CallEvent {
  readonly name: CallEventName;
  /** Empty: of no account. */
  readonly accountId: string;
  readonly callId: string;
  /** The switch whose producer published it; undefined for anybody else's event. */
  readonly switchId: string | undefined;
  readonly stamp: Stamp;
  /** Gregorian seconds, as the publisher has it. */
  readonly seconds: number;
  /** Gregorian seconds of the channel's creation, where the event tells. */
  readonly createdSeconds: number | undefined;
  readonly body: JsonObject;
}

export type CallEventResult =
  | { readonly event: CallEvent; readonly messageId: string | undefined }
  | { readonly rejected: RejectReason | 'invalid_id'; readonly detail: string };

/** Unix milliseconds an entry says it is from; the same for every reader, so never the present time. */
export function timeOf(message: WireMessage): number | undefined {
  return boundedNumber(message.timestampMs, 0, MAX_UNIX_S * 1000);
}

/** Reads a log entry of any publisher. `logTimeMs` stands in where neither the message nor its body has a time. */
export function readCallEvent(message: WireMessage, logTimeMs: number): CallEventResult {
  const decoded = decodeEvent(message);
  if (!decoded.ok) return { rejected: decoded.reason, detail: decoded.detail };
  const { body, accountId = '', messageId } = decoded.event;
  const name = decoded.event.name as CallEventName;
  const callId = boundedCallId(body['call_id']);
  if (callId === undefined) {
    return { rejected: 'invalid_id', detail: `a call id has 1 to ${MAX_CALL_ID} characters` };
  }
  if (accountId.length > MAX_ID) {
    return { rejected: 'invalid_id', detail: `an account id has at most ${MAX_ID} characters` };
  }
  const toldSeconds = boundedNumber(body['timestamp'], GREGORIAN_OFFSET_S, GREGORIAN_OFFSET_S + MAX_UNIX_S);
  const at = timeOf(message) ?? (toldSeconds === undefined ? logTimeMs : fromGregorianSeconds(toldSeconds));
  return {
    messageId,
    event: {
      name,
      accountId,
      callId,
      switchId: switchOf(message, body),
      stamp: { at, id: messageId ?? contentId(message) },
      seconds: Math.floor(toldSeconds ?? toGregorianSeconds(at)),
      createdSeconds: creationOf(body),
      body,
    },
  };
}

function switchOf(message: WireMessage, body: JsonObject): string | undefined {
  return isFromProducer(message) ? boundedId(body['switch_nodename']) : undefined;
}

/** Microseconds since 1970, as switches count. */
function creationOf(body: JsonObject): number | undefined {
  const microseconds = boundedNumber(body['channel_created_time'], 1, MAX_UNIX_S * 1e6);
  return microseconds === undefined ? undefined : toGregorianSeconds(microseconds / 1000);
}

/** Stands in for a missing message id, so that the same event twice is still one. */
function contentId(message: WireMessage): string {
  return createHash('sha1').update(message.routingKey).update(message.body).digest('base64');
}

/** Whether a switch's producer published it; only such may speak for a switch. */
export function isFromProducer(message: WireMessage): boolean {
  return message.appId === CALL_PRODUCER;
}

/** The leg a bridge event names, whichever of Kazoo's members it uses. */
export function otherLegOf({ body, callId }: CallEvent): string | undefined {
  for (const member of ['other_leg_call_id', 'bridge_b_unique_id', 'bridge_a_unique_id']) {
    const id = boundedCallId(body[member]);
    if (id !== undefined && id !== callId) return id;
  }
  return undefined;
}
