import Joi from 'joi';
import { newMessageId } from '@ringdown/core';
import { encodeId } from '../../encoded-id';
import type { ChannelState } from '../../rpc/channels';
import type { WireMessage } from '../../wire-message';

/**
 * All live channels of one switch at one moment, written into the log of call events by the switch's producer: when it
 * becomes active, after a reconnect, and from time to time. Whoever folds the log replaces with it what it believed of
 * that switch. Routing key `_switch.{SWITCH}`: no client binding can match it.
 *
 * Large snapshots come in parts, published back to back: nothing of the same producer stands between them.
 */
export interface SwitchSnapshotPart {
  readonly switch: string;
  /** The producer instance that holds the switch. */
  readonly holder: string;
  /** The same in all parts of one snapshot. */
  readonly snapshot_id: string;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  /** Unix milliseconds. */
  readonly taken_at: number;
  readonly channels: readonly ChannelState[];
}

const SNAPSHOT_TYPE = 'switch_snapshot';
const KEY_WORD = '_switch';
/** Keeps a part of ordinary channels well below the largest message. */
export const MAX_CHANNELS_PER_PART = 500;

const schema: Joi.ObjectSchema<SwitchSnapshotPart> = Joi.object({
  switch: Joi.string().min(1).required(),
  holder: Joi.string().min(1).required(),
  snapshot_id: Joi.string().min(1).required(),
  part: Joi.number().integer().min(0).required(),
  parts: Joi.number().integer().min(1).required(),
  taken_at: Joi.number().required(),
  channels: Joi.array().required(),
}).unknown(true);

/** The parts of a snapshot in the order in which they must be published; at least one, also of no channels. */
export function encodeSwitchSnapshot(
  snapshot: Omit<SwitchSnapshotPart, 'part' | 'parts' | 'snapshot_id'>,
): readonly WireMessage[] {
  const snapshotId = newMessageId();
  const parts = Math.max(1, Math.ceil(snapshot.channels.length / MAX_CHANNELS_PER_PART));
  return Array.from({ length: parts }, (_, part) => {
    const from = part * MAX_CHANNELS_PER_PART;
    const body: SwitchSnapshotPart = {
      ...snapshot,
      snapshot_id: snapshotId,
      part,
      parts,
      channels: snapshot.channels.slice(from, from + MAX_CHANNELS_PER_PART),
    };
    return {
      exchange: 'call',
      routingKey: `${KEY_WORD}.${encodeId(snapshot.switch)}`,
      body: Buffer.from(JSON.stringify(body), 'utf8'),
      messageId: newMessageId(),
      timestampMs: Date.now(),
      type: SNAPSHOT_TYPE,
      appId: 'call-producer',
      contentType: 'application/json',
      headers: {},
    };
  });
}

/** Undefined when the message is no snapshot, or one that cannot be read. */
export function decodeSwitchSnapshot(
  message: Pick<WireMessage, 'exchange' | 'routingKey' | 'body'>,
): SwitchSnapshotPart | undefined {
  if (!isSwitchSnapshotKey(message.exchange, message.routingKey)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(message.body.toString('utf8'));
  } catch {
    return undefined;
  }
  const result = schema.validate(value, { convert: false });
  return result.error === undefined && result.value.channels.every(isChannelState) ? result.value : undefined;
}

/** By hand: a switch may have a hundred thousand channels, and a schema of each takes several times as long. */
function isChannelState(value: unknown): value is ChannelState {
  if (typeof value !== 'object' || value === null) return false;
  const { call_id, answered, on_hold, created } = value as Partial<Record<keyof ChannelState, unknown>>;
  return (
    typeof call_id === 'string' &&
    call_id !== '' &&
    typeof answered === 'boolean' &&
    typeof on_hold === 'boolean' &&
    typeof created === 'number'
  );
}

export function isSwitchSnapshotKey(exchange: string, routingKey: string): boolean {
  return exchange === 'call' && routingKey.startsWith(`${KEY_WORD}.`);
}
