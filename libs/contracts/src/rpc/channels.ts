import Joi from 'joi';
import { callFlowSchema, type CallFlow, type CommandOutcome } from './calls';
import { defineOperation } from './operation';

/** The registry of live call channels. */
export const CHANNELS = 'channels';

/**
 * One live channel (call leg) as the registry knows it and as a producer's snapshot tells it. Members a publisher never
 * told are absent. REST shows it under the two vocabularies of Kazoo (list and detail).
 */
export interface ChannelState {
  readonly call_id: string;
  /** Absent: only super admins see it. */
  readonly account_id?: string;
  /** Id of the switch that carries the call, when a call-producer owns it; absent: nobody can act on it. */
  readonly switch?: string;
  /** `inbound` or `outbound`, seen from the switch. */
  readonly direction?: string;
  readonly answered: boolean;
  readonly on_hold: boolean;
  /** Gregorian seconds of the channel's creation. */
  readonly created: number;
  /** Gregorian seconds of the answer. */
  readonly answered_at?: number;
  /** The bridged leg; absent while there is none. */
  readonly other_leg_call_id?: string;
  /** Set while the call is parked. */
  readonly parking_slot?: string;
  readonly interaction_id?: string;
  /** The dialled user part. */
  readonly destination?: string;
  readonly caller_id_name?: string;
  readonly caller_id_number?: string;
  readonly callee_id_name?: string;
  readonly callee_id_number?: string;
  /** `user@realm`. */
  readonly from?: string;
  readonly to?: string;
  readonly from_tag?: string;
  readonly to_tag?: string;
  readonly presence_id?: string;
  /** SIP user. */
  readonly username?: string;
  /** Device or resource. */
  readonly authorizing_id?: string;
  readonly authorizing_type?: string;
  /** User who owns the device. */
  readonly owner_id?: string;
  readonly callflow_id?: string;
  readonly resource_id?: string;
  readonly reseller_id?: string;
  readonly custom_channel_vars?: Readonly<Record<string, unknown>>;
  readonly custom_application_vars?: Readonly<Record<string, unknown>>;
}

const id = Joi.string().min(1).max(128);
const callId = Joi.string().min(1).max(512);
/** A page token holds a call id, which may be written with as much as six bytes a character. */
export const MAX_PAGE_TOKEN = 8_192;

export interface ListChannelsRequest {
  /** Absent: of all accounts. */
  readonly account_id?: string | undefined;
  /** A channel is listed when it belongs to one of these users or devices; absent: all. */
  readonly owner_ids?: readonly string[] | undefined;
  readonly device_ids?: readonly string[] | undefined;
  /**
   * Only channels of this switch; what a call-producer asks when it takes over. Everything confirmed before the first page
   * was asked for is contained.
   */
  readonly switch?: string | undefined;
  /** Only channels after this one in the order of the list; from `next` of the previous page. */
  readonly after?: string | undefined;
  /** Default and maximum 1,000. */
  readonly limit?: number | undefined;
}

export interface ListChannelsResult {
  /** Oldest first; equal ages by call id. */
  readonly channels: readonly ChannelState[];
  /** Offset of the log the answer is true for. */
  readonly offset: number;
  /** Present when there are more. */
  readonly next?: string;
  /** Of the asked switch: the producer instance whose snapshot was applied last. */
  readonly holder?: string;
}

export const listChannels = defineOperation<ListChannelsRequest, ListChannelsResult>(
  CHANNELS,
  'channels.list',
  Joi.object({
    account_id: id,
    owner_ids: Joi.array().items(id).max(10_000),
    device_ids: Joi.array().items(id).max(10_000),
    switch: id,
    after: Joi.string().max(MAX_PAGE_TOKEN),
    limit: Joi.number().integer().min(1).max(1_000),
  }),
);

/** One channel of an account. Error: not_found (unknown, ended, or of another account). */
export const getChannel = defineOperation<
  { readonly account_id: string; readonly call_id: string },
  ChannelState
>(CHANNELS, 'channels.get', Joi.object({ account_id: id.required(), call_id: callId.required() }));

/**
 * Passes a command to the producer that owns the call and answers what came of it. Errors: not_found (no such channel in
 * the account, or the call ended meanwhile), conflict (`call has no switch connection`, or a state that does not allow
 * it), validation_failed (a target that does not exist; details as in REST), not_implemented (the switch cannot),
 * unavailable (the switch or its producer is down).
 */
export const commandChannel = defineOperation<
  { readonly account_id: string; readonly call_id: string; readonly flow: CallFlow },
  CommandOutcome
>(
  CHANNELS,
  'channels.command',
  Joi.object({
    account_id: id.required(),
    call_id: callId.required(),
    flow: callFlowSchema.required(),
  }),
  { writes: true },
);

export interface ChannelsSnapshot {
  /** Of the account (`*`: of all), complete; oldest first. */
  readonly channels: readonly ChannelState[];
  /** Everything in the log up to this offset is contained. */
  readonly offset: number;
  /** Message ids of the account's events of the last `window_ms` that are contained, for whoever heard them elsewhere. */
  readonly contained: readonly string[];
  readonly window_ms: number;
}

/**
 * State of an account behind a fence made after the request came: every event confirmed before is contained. For
 * "snapshot, then stream". Error: too_large (more than fits one answer).
 */
export const snapshotChannels = defineOperation<{ readonly account_id: string }, ChannelsSnapshot>(
  CHANNELS,
  'channels.snapshot',
  Joi.object({ account_id: id.required() }),
);
