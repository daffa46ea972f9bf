import { toGregorianSeconds } from '@ringdown/core';
import type { ChannelState } from './rpc/channels';

/**
 * Kazoo shows a channel under two vocabularies. Both leave out what is not known, and never name the switch, the account
 * at the top level, or anything else Kazoo deletes from its answers.
 */

/** An item of a list of channels (Crossbar `channels` collection). */
export interface ChannelListItem {
  readonly uuid: string;
  readonly direction?: string;
  readonly answered: boolean;
  /** Gregorian seconds of creation. */
  readonly timestamp: number;
  /** Since creation. */
  readonly elapsed_s: number;
  readonly destination?: string;
  /** The bridged leg. */
  readonly other_leg?: string;
  readonly authorizing_id?: string;
  readonly authorizing_type?: string;
  readonly owner_id?: string;
  readonly presence_id?: string;
  readonly username?: string;
  readonly callflow_id?: string;
  readonly resource_id?: string;
  readonly reseller_id?: string;
  readonly interaction_id?: string;
  readonly is_onhold: boolean;
  readonly from_tag?: string;
  readonly to_tag?: string;
  readonly custom_channel_vars?: Readonly<Record<string, unknown>>;
  readonly custom_application_vars?: Readonly<Record<string, unknown>>;
}

/** One channel alone (Crossbar `channels/{UUID}`), and a channel in a snapshot before a stream of its events. */
export interface ChannelDetail {
  readonly call_id: string;
  readonly call_direction?: string;
  readonly call_interaction_id?: string;
  readonly answered: boolean;
  /** Gregorian seconds of creation. */
  readonly timestamp: number;
  /** Since creation. */
  readonly elapsed_seconds: number;
  readonly destination?: string;
  /** The bridged leg. */
  readonly other_leg_call_id?: string;
  readonly caller_id_name?: string;
  readonly caller_id_number?: string;
  readonly callee_id_name?: string;
  readonly callee_id_number?: string;
  readonly from?: string;
  readonly to?: string;
  readonly from_tag?: string;
  readonly to_tag?: string;
  readonly authorizing_id?: string;
  readonly authorizing_type?: string;
  readonly owner_id?: string;
  readonly presence_id?: string;
  readonly username?: string;
  readonly callflow_id?: string;
  readonly resource_id?: string;
  readonly reseller_id?: string;
  readonly is_on_hold: boolean;
  /** Not in Kazoo's detail; under the name its park events have. Present while the call is parked. */
  readonly parking_slot?: string;
  readonly custom_channel_vars?: Readonly<Record<string, unknown>>;
  readonly custom_application_vars?: Readonly<Record<string, unknown>>;
}

/** `nowMs`: unix milliseconds, for the elapsed time. */
export function channelListView(channel: ChannelState, nowMs: number): ChannelListItem {
  return present<ChannelListItem>({
    uuid: channel.call_id,
    direction: channel.direction,
    answered: channel.answered,
    timestamp: channel.created,
    elapsed_s: elapsedSeconds(channel, nowMs),
    destination: channel.destination,
    other_leg: channel.other_leg_call_id,
    authorizing_id: channel.authorizing_id,
    authorizing_type: channel.authorizing_type,
    owner_id: channel.owner_id,
    presence_id: channel.presence_id,
    username: channel.username,
    callflow_id: channel.callflow_id,
    resource_id: channel.resource_id,
    reseller_id: channel.reseller_id,
    interaction_id: channel.interaction_id,
    is_onhold: channel.on_hold,
    from_tag: channel.from_tag,
    to_tag: channel.to_tag,
    custom_channel_vars: channel.custom_channel_vars,
    custom_application_vars: channel.custom_application_vars,
  });
}

/** `nowMs`: unix milliseconds, for the elapsed time. */
export function channelDetailView(channel: ChannelState, nowMs: number): ChannelDetail {
  return present<ChannelDetail>({
    call_id: channel.call_id,
    call_direction: channel.direction,
    call_interaction_id: channel.interaction_id,
    answered: channel.answered,
    timestamp: channel.created,
    elapsed_seconds: elapsedSeconds(channel, nowMs),
    destination: channel.destination,
    other_leg_call_id: channel.other_leg_call_id,
    caller_id_name: channel.caller_id_name,
    caller_id_number: channel.caller_id_number,
    callee_id_name: channel.callee_id_name,
    callee_id_number: channel.callee_id_number,
    from: channel.from,
    to: channel.to,
    from_tag: channel.from_tag,
    to_tag: channel.to_tag,
    authorizing_id: channel.authorizing_id,
    authorizing_type: channel.authorizing_type,
    owner_id: channel.owner_id,
    presence_id: channel.presence_id,
    username: channel.username,
    callflow_id: channel.callflow_id,
    resource_id: channel.resource_id,
    reseller_id: channel.reseller_id,
    is_on_hold: channel.on_hold,
    parking_slot: channel.parking_slot,
    custom_channel_vars: channel.custom_channel_vars,
    custom_application_vars: channel.custom_application_vars,
  });
}

/** Never negative: the clocks of a switch and of this machine differ. */
function elapsedSeconds({ created }: ChannelState, nowMs: number): number {
  return Math.max(0, Math.floor(toGregorianSeconds(nowMs) - created));
}

/** Every member of the view must be named, so that none is forgotten; those without a value are left out. */
function present<View>(members: { readonly [Name in keyof Required<View>]: View[Name] | undefined }): View {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as View;
}
