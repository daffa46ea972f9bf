import { randomUUID } from 'node:crypto';
import type { ChannelState } from '@ringdown/contracts';
import { randomHex, toGregorianSeconds } from '@ringdown/core';
import type { DeviceEndpoint } from '../domain/call-source';
import { withoutUndefined } from '../domain/recovered';

/** Who is at the far end of a channel. */
export interface Party {
  readonly name: string;
  readonly number: string;
  /** Of our own people; absent: somebody outside, behind a trunk. */
  readonly device?: DeviceEndpoint;
}

/** The account that owns the simulated calls. */
export interface SimulatedAccount {
  readonly id: string;
  readonly name: string;
  readonly realm: string;
}

export interface ChannelPlan {
  readonly account: SimulatedAccount;
  /** Seen from the switch: `inbound` means that the party called. */
  readonly direction: 'inbound' | 'outbound';
  readonly party: Party;
  /** On the other side: who is called, or who calls. */
  readonly other: Party;
  /** What was dialled. */
  readonly destination: string;
  /** Absent: a new conversation. */
  readonly interactionId?: string | undefined;
}

const TRUNK_ID = 'simulated-trunk';
let counter = 0;

/** One leg of a simulated call. Its state is changed by the switch alone. */
export class SimulatedChannel {
  /** Never the same twice, also over restarts. */
  readonly callId = randomUUID();
  readonly interactionId: string;
  readonly name: string;
  readonly fromTag = randomHex(8);
  readonly toTag = randomHex(8);
  answeredMs: number | undefined;
  peer: SimulatedChannel | undefined;
  onHold = false;
  slot: string | undefined;
  conferenceId: string | undefined;
  recordingSince: number | undefined;
  ended = false;

  constructor(
    readonly plan: ChannelPlan,
    readonly createdMs: number,
  ) {
    this.interactionId = plan.interactionId ?? randomUUID();
    counter = (counter + 1) % 0xffff_ffff;
    this.name = `simulator/${plan.party.device?.username ?? 'trunk'}-${counter.toString(16).padStart(8, '0')}`;
  }

  get accountId(): string {
    return this.plan.account.id;
  }

  get caller(): Party {
    return this.plan.direction === 'inbound' ? this.plan.party : this.plan.other;
  }

  get callee(): Party {
    return this.plan.direction === 'inbound' ? this.plan.other : this.plan.party;
  }

  get device(): DeviceEndpoint | undefined {
    return this.plan.party.device;
  }

  get presenceId(): string | undefined {
    const { device } = this;
    return device === undefined
      ? undefined
      : `${device.presenceId ?? device.username}@${this.plan.account.realm}`;
  }

  /** What the platform attaches to the channel. */
  get customVars(): Record<string, unknown> {
    const { account } = this.plan;
    return withoutUndefined({
      account_id: account.id,
      account_name: account.name,
      account_realm: account.realm,
      realm: account.realm,
      authorizing_id: this.device?.deviceId ?? TRUNK_ID,
      authorizing_type: this.device === undefined ? 'resource' : 'device',
      owner_id: this.device?.ownerId,
      username: this.device?.username,
      call_interaction_id: this.interactionId,
    });
  }

  /** What every event of this channel says. */
  facts(): Record<string, unknown> {
    const { account, destination, direction } = this.plan;
    const peer = this.peer;
    const to = `${destination}@${account.realm}`;
    const from = `${this.caller.device?.username ?? this.caller.number}@${account.realm}`;
    return withoutUndefined({
      call_id: this.callId,
      interaction_id: this.interactionId,
      other_leg_call_id: peer?.callId,
      other_leg_direction: peer?.plan.direction,
      other_leg_caller_id_name: peer?.caller.name,
      other_leg_caller_id_number: peer?.caller.number,
      other_leg_destination_number: peer?.plan.destination,
      call_direction: direction,
      channel_name: this.name,
      channel_created_time: this.createdMs * 1_000,
      channel_call_state: this.callState,
      channel_answer_state: this.ended ? 'hangup' : this.answeredMs === undefined ? 'early' : 'answered',
      from,
      from_uri: `sip:${from}`,
      from_tag: this.fromTag,
      to,
      to_uri: `sip:${to}`,
      to_tag: this.toTag,
      request: to,
      caller_id_name: this.caller.name,
      caller_id_number: this.caller.number,
      callee_id_name: this.callee.name,
      callee_id_number: this.callee.number,
      caller_destination_number: destination,
      presence_id: this.presenceId,
      custom_channel_vars: this.customVars,
    });
  }

  /** The channel as the registry keeps it. */
  state(switchId: string): ChannelState {
    const facts = this.facts();
    const { device } = this;
    return {
      call_id: this.callId,
      account_id: this.accountId,
      switch: switchId,
      direction: this.plan.direction,
      answered: this.answeredMs !== undefined,
      on_hold: this.onHold,
      created: toGregorianSeconds(this.createdMs),
      ...(this.answeredMs === undefined ? {} : { answered_at: toGregorianSeconds(this.answeredMs) }),
      ...(this.peer === undefined ? {} : { other_leg_call_id: this.peer.callId }),
      ...(this.slot === undefined ? {} : { parking_slot: this.slot }),
      interaction_id: this.interactionId,
      destination: this.plan.destination,
      caller_id_name: this.caller.name,
      caller_id_number: this.caller.number,
      callee_id_name: this.callee.name,
      callee_id_number: this.callee.number,
      from: String(facts['from']),
      to: String(facts['to']),
      from_tag: this.fromTag,
      to_tag: this.toTag,
      ...(this.presenceId === undefined ? {} : { presence_id: this.presenceId }),
      ...(device === undefined
        ? { authorizing_id: TRUNK_ID, authorizing_type: 'resource' }
        : {
            username: device.username,
            authorizing_id: device.deviceId,
            authorizing_type: 'device',
            ...(device.ownerId === undefined ? {} : { owner_id: device.ownerId }),
          }),
      custom_channel_vars: this.customVars,
    };
  }

  private get callState(): string {
    if (this.ended) return 'HANGUP';
    if (this.answeredMs === undefined) return 'RINGING';
    return this.onHold ? 'HELD' : 'ACTIVE';
  }
}
