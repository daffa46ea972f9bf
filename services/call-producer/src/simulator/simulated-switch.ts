import { callRoutingKey, type CallEventName, type EventDraft } from '@ringdown/contracts';
import { toGregorianSeconds, type Clock } from '@ringdown/core';
import type { DeviceEndpoint } from '../domain/call-source';
import { SimulatedChannel, type ChannelPlan } from './channel';
import { ConferenceRoom } from './conference-room';

const FIRST_SLOT = 401;
const SLOTS = 20;

/** SIP answer that goes with a cause, where one does. */
const HANGUP_CODES: Readonly<Record<string, string>> = {
  NORMAL_CLEARING: 'sip:200',
  BLIND_TRANSFER: 'sip:200',
  ATTENDED_TRANSFER: 'sip:200',
  ORIGINATOR_CANCEL: 'sip:487',
  LOSE_RACE: 'sip:487',
  PICKED_OFF: 'sip:200',
  NO_ANSWER: 'sip:480',
  USER_BUSY: 'sip:486',
  CALL_REJECTED: 'sip:603',
  SYSTEM_SHUTDOWN: 'sip:503',
};

const DISPOSITIONS: Readonly<Record<string, string>> = {
  ORIGINATOR_CANCEL: 'CANCEL',
  NO_ANSWER: 'NOANSWER',
  USER_BUSY: 'BUSY',
};

export interface RecordingMade {
  readonly channel: SimulatedChannel;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The switch of the simulated world: channels, bridges, the parking lot and conferences, and the events that tell of them.
 * It knows no plans; it refuses nothing it is not asked to check, and every change is told at the moment it is made, so
 * that its channels are always what the events before have said.
 */
export class SimulatedSwitch {
  private readonly live = new Map<string, SimulatedChannel>();
  private readonly lot = new Map<string, SimulatedChannel>();
  private readonly rooms = new Map<string, ConferenceRoom>();
  /** By device. */
  private readonly legsOf = new Map<string, number>();
  private readonly enders = new Set<(channel: SimulatedChannel) => void>();

  constructor(
    private readonly emit: (draft: EventDraft) => void,
    private readonly clock: Clock,
    private readonly onRecording: (recording: RecordingMade) => void = () => undefined,
  ) {}

  get channels(): readonly SimulatedChannel[] {
    return [...this.live.values()];
  }

  /** On the phone. */
  isBusy(device: DeviceEndpoint | undefined): boolean {
    return device !== undefined && (this.legsOf.get(device.deviceId) ?? 0) > 0;
  }

  find(accountId: string, callId: string): SimulatedChannel | undefined {
    const channel = this.live.get(callId);
    return channel?.accountId === accountId ? channel : undefined;
  }

  room(accountId: string, id: string): ConferenceRoom | undefined {
    const room = this.rooms.get(id);
    return room?.accountId === accountId ? room : undefined;
  }

  /** Called with every channel after its end was told. Returns the function that ends it. */
  onEnd(listener: (channel: SimulatedChannel) => void): () => void {
    this.enders.add(listener);
    return () => this.enders.delete(listener);
  }

  create(plan: ChannelPlan): SimulatedChannel {
    const channel = new SimulatedChannel(plan, this.clock());
    this.live.set(channel.callId, channel);
    this.countLeg(channel, 1);
    this.say('CHANNEL_CREATE', channel);
    return channel;
  }

  answer(channel: SimulatedChannel): void {
    if (channel.ended || channel.answeredMs !== undefined) return;
    channel.answeredMs = this.clock();
    this.say('CHANNEL_ANSWER', channel);
  }

  /** Connects two channels; earlier partners are left where they are. */
  bridge(a: SimulatedChannel, b: SimulatedChannel): void {
    if (a.ended || b.ended) return;
    for (const channel of [a, b]) this.unbridge(channel);
    a.peer = b;
    b.peer = a;
    const ids = { bridge_a_unique_id: a.callId, bridge_b_unique_id: b.callId };
    this.say('CHANNEL_BRIDGE', a, ids);
    this.say('CHANNEL_BRIDGE', b, ids);
  }

  unbridge(channel: SimulatedChannel): void {
    const { peer } = channel;
    if (peer === undefined) return;
    channel.peer = undefined;
    peer.peer = undefined;
    for (const leg of [channel, peer]) this.unhold(leg);
  }

  hold(channel: SimulatedChannel): void {
    if (channel.ended || channel.onHold) return;
    channel.onHold = true;
    this.say('CHANNEL_HOLD', channel);
  }

  unhold(channel: SimulatedChannel): void {
    if (channel.ended || !channel.onHold) return;
    channel.onHold = false;
    this.say('CHANNEL_UNHOLD', channel);
  }

  /** A slot nobody is parked in; undefined when the lot is full. */
  freeSlot(): string | undefined {
    for (let slot = FIRST_SLOT; slot < FIRST_SLOT + SLOTS; slot += 1) {
      if (!this.lot.has(String(slot))) return String(slot);
    }
    return undefined;
  }

  parkedIn(slot: string): SimulatedChannel | undefined {
    return this.lot.get(slot);
  }

  park(channel: SimulatedChannel, slot: string): void {
    if (channel.ended) return;
    this.unbridge(channel);
    channel.slot = slot;
    this.lot.set(slot, channel);
    this.say('PARK_PARKED', channel, { parking_slot: slot });
  }

  /** Out of the lot, to somebody who picked it up or because nobody did. */
  unpark(channel: SimulatedChannel, reason?: 'timeout'): void {
    const slot = this.leaveSlot(channel);
    if (slot === undefined) return;
    this.say('PARK_RETRIEVED', channel, {
      parking_slot: slot,
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** The conference is opened by the first who joins. */
  join(channel: SimulatedChannel, conferenceId: string): ConferenceRoom {
    this.unbridge(channel);
    const existing = this.rooms.get(conferenceId);
    const room = existing ?? new ConferenceRoom(channel.accountId, conferenceId, this.emit, this.clock);
    this.rooms.set(conferenceId, room);
    room.join(channel);
    return room;
  }

  leaveConference(channel: SimulatedChannel): void {
    const room = channel.conferenceId === undefined ? undefined : this.rooms.get(channel.conferenceId);
    room?.leave(channel);
    if (room?.members.size === 0) this.rooms.delete(room.id);
  }

  startRecording(channel: SimulatedChannel): void {
    channel.recordingSince ??= this.clock();
  }

  stopRecording(channel: SimulatedChannel): void {
    const fromMs = channel.recordingSince;
    if (fromMs === undefined) return;
    channel.recordingSince = undefined;
    this.onRecording({ channel, fromMs, toMs: this.clock() });
  }

  /** Ends a channel, and with it the one it talks to. */
  hangup(channel: SimulatedChannel, cause = 'NORMAL_CLEARING', more: Record<string, unknown> = {}): void {
    if (channel.ended) return;
    const slot = this.leaveSlot(channel);
    if (slot !== undefined) this.say('PARK_ABANDONED', channel, { parking_slot: slot });
    this.leaveConference(channel);
    this.stopRecording(channel);
    const { peer } = channel;
    channel.ended = true;
    this.live.delete(channel.callId);
    this.countLeg(channel, -1);
    this.say('CHANNEL_DESTROY', channel, { ...this.endOf(channel, cause), ...more });
    channel.peer = undefined;
    for (const listener of this.enders) listener(channel);
    if (peer === undefined) return;
    // Told while they were still a pair, so that the second leg names the first, too.
    this.hangup(peer, cause);
  }

  private countLeg({ device }: SimulatedChannel, change: 1 | -1): void {
    if (device === undefined) return;
    this.legsOf.set(device.deviceId, (this.legsOf.get(device.deviceId) ?? 0) + change);
  }

  private endOf(channel: SimulatedChannel, cause: string): Record<string, unknown> {
    const nowMs = this.clock();
    const durationS = Math.round((nowMs - channel.createdMs) / 1_000);
    const { answeredMs } = channel;
    const billingS =
      answeredMs === undefined ? 0 : Math.min(durationS, Math.round((nowMs - answeredMs) / 1_000));
    const code = HANGUP_CODES[cause];
    return {
      hangup_cause: cause,
      ...(code === undefined ? {} : { hangup_code: code }),
      disposition: answeredMs === undefined ? (DISPOSITIONS[cause] ?? 'CANCEL') : 'ANSWER',
      duration_seconds: durationS,
      billing_seconds: billingS,
      ringing_seconds: durationS - billingS,
    };
  }

  private leaveSlot(channel: SimulatedChannel): string | undefined {
    const { slot } = channel;
    if (slot === undefined) return undefined;
    channel.slot = undefined;
    this.lot.delete(slot);
    return slot;
  }

  private say(name: CallEventName, channel: SimulatedChannel, more: Record<string, unknown> = {}): void {
    const nowMs = this.clock();
    this.emit({
      family: 'call',
      name,
      routingKey: callRoutingKey(name, channel.callId),
      accountId: channel.accountId,
      timestampMs: nowMs,
      body: { ...channel.facts(), timestamp: toGregorianSeconds(nowMs), ...more },
    });
  }
}
