import type { CallEventName, ChannelState, EventDraft } from '@ringdown/contracts';
import { type Clock } from '@ringdown/core';
import { recoveredDestroy } from '../../domain/recovered';
import type { EndpointDirectory } from '../../domain/call-source';
import type { AmiMessage } from '../ami/ami-message';
import { BridgeGraph } from './bridge-graph';
import { otherHalfOf } from './channel-name';
import { Conferences } from './conferences';
import { Faxes } from './faxes';
import { HELPER_CONTEXT } from '../helper-context';
import { endingOf } from './hangup-cause';
import { identityOf } from './identity';
import { isReal, newLeg, readSnapshot, readVariable, type IdentityVariables, type Leg } from './leg';
import { callEvent, channelStateOf } from './leg-facts';
import { Parking } from './parking';

export interface SwitchStateParts {
  readonly switchId: string;
  readonly endpoints: EndpointDirectory;
  readonly emit: (draft: EventDraft) => void;
  /** A leg changed its account: only a snapshot can put that right in the registry. */
  readonly snapshot: () => void;
  readonly clock: Clock;
}

/** Dialplan steps before which nobody knows yet whose call it is going to be. */
const PREPARING = new Set([
  'Set',
  'MSet',
  'NoOp',
  'Gosub',
  'GosubIf',
  'Goto',
  'GotoIf',
  'Return',
  'ExecIf',
  'Verbose',
  'Log',
]);
/** A leg is announced by then at the latest, if its account is known. */
const ANNOUNCE_AFTER_MS = 300;
/** And by then without one: super admins see it at least. */
const ANNOUNCE_UNKNOWN_AFTER_MS = 1_000;
/** Variables of channels whose beginning has not been told yet. */
const MAX_EARLY = 1_000;
const UP = '6';

/**
 * The calls of the switch: a fold of manager events into legs, bridges, conferences, parked calls and faxes, which says
 * what happened in the words of our events. Pure apart from the clock; whatever a message holds, it does not throw.
 */
export class SwitchState {
  /** By Uniqueid, folded channels included. */
  readonly legs = new Map<string, Leg>();
  readonly graph = new BridgeGraph((uniqueid) => {
    const leg = this.legs.get(uniqueid);
    return leg !== undefined && isReal(leg);
  });
  readonly conferences: Conferences;
  readonly faxes: Faxes;
  readonly parking: Parking;
  /** Told of each digit that a party pressed. */
  onDigit: (callId: string, digit: string) => void = () => undefined;
  /** Before our call ids; not empty when the switch itself has no name to put there. */
  private prefix = '';
  private readonly byName = new Map<string, Leg>();
  private readonly byCallId = new Map<string, Leg>();
  private readonly calls = new Map<string, Set<Leg>>();
  private readonly unannounced = new Set<Leg>();
  private readonly early = new Map<string, IdentityVariables>();
  private readonly handlers: Readonly<Record<string, (message: AmiMessage) => void>>;

  constructor(private readonly parts: SwitchStateParts) {
    this.conferences = new Conferences(this, parts);
    this.faxes = new Faxes(this, parts);
    this.parking = new Parking(this);
    this.handlers = {
      Newchannel: (message) => this.onNewChannel(message),
      Newstate: (message) => this.onNewState(message),
      Newexten: (message) => this.onStep(message),
      NewCallerid: (message) => this.touch(message),
      NewConnectedLine: (message) => this.touch(message),
      Rename: (message) => this.onRename(message),
      VarSet: (message) => this.onVariable(message),
      DialBegin: (message) => this.onDial(message),
      DialEnd: (message) => this.touch(message),
      Hold: (message) => this.onHold(message, true),
      Unhold: (message) => this.onHold(message, false),
      DTMFEnd: (message) => this.onDtmf(message),
      LocalBridge: (message) =>
        this.graph.pair(message.get('LocalOneUniqueid'), message.get('LocalTwoUniqueid')),
      BridgeCreate: (message) => this.graph.create(message.get('BridgeUniqueid'), message.get('BridgeType')),
      BridgeEnter: (message) => this.onEnter(message),
      BridgeLeave: (message) => this.onLeave(message),
      BridgeDestroy: (message) => this.graph.destroy(message.get('BridgeUniqueid')),
      Hangup: (message) => this.onHangup(message),
    };
  }

  apply(message: AmiMessage): void {
    const { event } = message;
    if (Object.hasOwn(this.handlers, event)) this.handlers[event]!(message);
    else if (!this.parking.apply(message) && !this.conferences.apply(message)) this.faxes.apply(message);
  }

  /** Every fraction of a second: announces what waited long enough for its account. */
  tick(): void {
    const nowMs = this.parts.clock();
    for (const leg of this.unannounced) {
      const ageMs = nowMs - leg.createdMs;
      const patience =
        this.identify(leg).accountId === undefined ? ANNOUNCE_UNKNOWN_AFTER_MS : ANNOUNCE_AFTER_MS;
      if (ageMs >= patience || ageMs < 0) this.announce(leg);
    }
  }

  /** Every live call, as the registry keeps it. */
  channels(): ChannelState[] {
    return [...this.legs.values()]
      .filter((leg) => leg.announced)
      .map((leg) => channelStateOf(leg, this.parts.switchId));
  }

  legOfCall(callId: string): Leg | undefined {
    return this.byCallId.get(callId);
  }

  legNamed(name: string): Leg | undefined {
    return this.byName.get(name);
  }

  /** The telephone behind a channel, also through a Local pair. */
  realLeg(uniqueid: string): Leg | undefined {
    const real = this.graph.realBehind(uniqueid);
    return real === undefined ? undefined : this.legs.get(real);
  }

  setPrefix(prefix: string): void {
    this.prefix = prefix;
  }

  callIdOf(uniqueid: string): string {
    return this.prefix + uniqueid;
  }

  uniqueidOf(callId: string): string {
    return callId.startsWith(this.prefix) ? callId.slice(this.prefix.length) : callId;
  }

  now(): number {
    return this.parts.clock();
  }

  /** Adds a leg; it is said to be there when enough is known of it, unless that was said before. */
  adopt(leg: Leg): void {
    this.legs.set(leg.uniqueid, leg);
    this.byCallId.set(leg.callId, leg);
    this.index(leg);
    this.rename(leg, leg.name);
  }

  rename(leg: Leg, name: string): void {
    if (this.byName.get(leg.name) === leg) this.byName.delete(leg.name);
    leg.name = name;
    this.byName.set(name, leg);
    const other = otherHalfOf(name);
    const half = other === undefined ? undefined : this.byName.get(other);
    if (half !== undefined) this.graph.pair(leg.uniqueid, half.uniqueid);
    // A stand-in may become a telephone's channel, and the other way round.
    if (isReal(leg) && !leg.announced) this.unannounced.add(leg);
    else this.unannounced.delete(leg);
  }

  /** Takes over what a message says of a leg and keeps the leg under its call. */
  update(leg: Leg, message: AmiMessage, prefix = ''): void {
    const before = leg.linkedid;
    readSnapshot(leg, message, prefix);
    if (before === leg.linkedid) return;
    this.unindex(leg, before);
    this.index(leg);
  }

  /** Says CHANNEL_CREATE if that was not said yet. Nothing is said about a leg before. */
  announce(leg: Leg, more: Readonly<Record<string, unknown>> = {}): void {
    if (leg.announced || !isReal(leg)) return;
    this.unannounced.delete(leg);
    leg.identity = this.identify(leg);
    leg.interactionId = this.callIdOf(leg.linkedid);
    leg.announced = true;
    this.emit('CHANNEL_CREATE', leg, more);
    this.spreadAccount(leg);
  }

  say(name: CallEventName, leg: Leg, more: Readonly<Record<string, unknown>> = {}): void {
    this.announce(leg);
    if (leg.announced) this.emit(name, leg, more);
  }

  answer(leg: Leg, more: Readonly<Record<string, unknown>> = {}): void {
    if (leg.answered) return;
    leg.answered = true;
    if (more['recovered'] !== true) leg.answeredMs = this.now();
    if (isReal(leg)) this.say('CHANNEL_ANSWER', leg, more);
  }

  setHeld(leg: Leg, held: boolean): void {
    if (leg.held === held) return;
    leg.held = held;
    this.say(held ? 'CHANNEL_HOLD' : 'CHANNEL_UNHOLD', leg);
  }

  /** The legs in the conversation of this channel are a pair now, if they are two. */
  join(uniqueid: string, more: Readonly<Record<string, unknown>> = {}): void {
    const [a, b, ...others] = this.graph.conversationOf(uniqueid).map((one) => this.legs.get(one));
    if (a === undefined || b === undefined || others.length > 0) return;
    this.announce(a);
    this.announce(b);
    if (a.partner !== b.callId) this.part(a);
    if (b.partner !== a.callId) this.part(b);
    a.partner = b.callId;
    b.partner = a.callId;
    this.endHold(a, b);
    if (a.bridgedWith === b.callId && b.bridgedWith === a.callId) return;
    a.bridgedWith = b.callId;
    b.bridgedWith = a.callId;
    const [first, second] =
      a.createdMs < b.createdMs || (a.createdMs === b.createdMs && a.direction === 'inbound')
        ? [a, b]
        : [b, a];
    const ids = { bridge_a_unique_id: first.callId, bridge_b_unique_id: second.callId, ...more };
    this.emit('CHANNEL_BRIDGE', first, ids);
    this.emit('CHANNEL_BRIDGE', second, ids);
  }

  /** Both came back from where our own command had put them. */
  private endHold(a: Leg, b: Leg): void {
    for (const leg of [a, b]) {
      if (leg.heldWith === undefined) continue;
      leg.heldWith = undefined;
      this.setHeld(leg, false);
    }
  }

  /** The two do not hear each other any more. */
  part(leg: Leg): void {
    const other = leg.partner === undefined ? undefined : this.byCallId.get(leg.partner);
    leg.partner = undefined;
    if (other?.partner === leg.callId) other.partner = undefined;
  }

  /** What follows is another conversation, also when it is with the same partner again. */
  forgetPartner(leg: Leg): void {
    const other = leg.bridgedWith === undefined ? undefined : this.byCallId.get(leg.bridgedWith);
    leg.bridgedWith = undefined;
    if (other?.bridgedWith === leg.callId) other.bridgedWith = undefined;
  }

  /** A leg that is gone, and nobody saw it go. */
  vanish(leg: Leg): void {
    this.parking.end(leg);
    this.conferences.end(leg);
    this.faxes.end(leg);
    if (leg.announced) {
      this.parts.emit(recoveredDestroy(channelStateOf(leg, this.parts.switchId), this.now()));
    }
    this.remove(leg);
  }

  private remove(leg: Leg): void {
    this.part(leg);
    this.graph.forget(leg.uniqueid);
    this.legs.delete(leg.uniqueid);
    if (this.byName.get(leg.name) === leg) this.byName.delete(leg.name);
    if (this.byCallId.get(leg.callId) === leg) this.byCallId.delete(leg.callId);
    this.unindex(leg, leg.linkedid);
    this.unannounced.delete(leg);
  }

  /** Whether our own hold put the leg where it is. */
  isSetAside(leg: Leg): boolean {
    return leg.context === HELPER_CONTEXT;
  }

  /** Variables that were told before their channel was. */
  takeEarlyVariables(uniqueid: string): IdentityVariables {
    const variables = this.early.get(uniqueid) ?? {};
    this.early.delete(uniqueid);
    return variables;
  }

  private onNewChannel(message: AmiMessage): void {
    const uniqueid = message.get('Uniqueid');
    const name = message.get('Channel');
    if (uniqueid === '' || uniqueid.length > 128 || name === '') return;
    const known = this.legs.get(uniqueid);
    if (known !== undefined) return this.update(known, message);
    const linkedid = message.get('Linkedid');
    // A channel that begins as "Down" is placed by the switch, also when nobody called before it.
    const inbound = uniqueid === linkedid && message.get('ChannelState') !== '0';
    const leg = newLeg({
      uniqueid,
      callId: this.callIdOf(uniqueid),
      name,
      direction: inbound ? 'inbound' : 'outbound',
      createdMs: this.now(),
    });
    leg.variables = this.takeEarlyVariables(uniqueid);
    this.adopt(leg);
    this.update(leg, message);
    if (inbound && leg.exten !== 's') leg.dialled = message.text('Exten')?.slice(0, 128);
    if (message.get('ChannelState') === UP) this.answer(leg);
  }

  private touch(message: AmiMessage): Leg | undefined {
    const leg = this.legs.get(message.get('Uniqueid'));
    if (leg !== undefined) this.update(leg, message);
    return leg;
  }

  private onNewState(message: AmiMessage): void {
    const leg = this.touch(message);
    if (leg === undefined) return;
    const state = message.get('ChannelState');
    leg.ringing = state === '5' || (state === '4' && leg.direction === 'inbound');
    if (leg.direction === 'outbound') this.announce(leg);
    if (state === UP) this.answer(leg);
  }

  private onStep(message: AmiMessage): void {
    const leg = this.touch(message);
    if (leg === undefined) return;
    leg.application = message.get('Application');
    if (leg.direction === 'inbound' && leg.dialled === undefined && message.get('Extension') !== 's') {
      leg.dialled = message.text('Extension')?.slice(0, 128);
    }
    if (!this.graph.isIn(leg.uniqueid) && leg.heldWith === undefined) this.forgetPartner(leg);
    if (leg.direction === 'inbound' && !PREPARING.has(leg.application)) this.announceKnown(leg);
  }

  private onDial(message: AmiMessage): void {
    const caller = this.touch(message);
    const callee = this.legs.get(message.get('DestUniqueid'));
    if (caller !== undefined) this.announceKnown(caller);
    if (callee === undefined) return;
    this.update(callee, message, 'Dest');
    callee.dialled ??= dialledUser(message.get('DialString'));
    this.announce(callee);
  }

  private onRename(message: AmiMessage): void {
    const leg = this.legs.get(message.get('Uniqueid'));
    const name = message.get('Newname');
    if (leg !== undefined && name !== '') this.rename(leg, name);
  }

  private onVariable(message: AmiMessage): void {
    const uniqueid = message.get('Uniqueid');
    const leg = this.legs.get(uniqueid);
    const variables = leg?.variables ?? this.early.get(uniqueid) ?? {};
    if (!readVariable(variables, message.get('Variable'), message.get('Value'))) return;
    if (leg === undefined) return this.keepEarly(uniqueid, variables);
    if (leg.announced && leg.identity.accountId === undefined) this.move(leg);
  }

  private onHold(message: AmiMessage, held: boolean): void {
    const leg = this.touch(message);
    // Asterisk takes the hold of a leg back before it transfers it, whether there was one or not.
    if (leg !== undefined && isReal(leg) && leg.heldWith === undefined) this.setHeld(leg, held);
  }

  private onDtmf(message: AmiMessage): void {
    const leg = this.legs.get(message.get('Uniqueid'));
    const digit = message.get('Digit');
    if (leg?.announced !== true || message.get('Direction') !== 'Received' || digit.length !== 1) return;
    this.onDigit(leg.callId, digit);
  }

  private onEnter(message: AmiMessage): void {
    const leg = this.touch(message);
    if (leg === undefined) return;
    this.graph.enter(message.get('BridgeUniqueid'), message.get('BridgeType'), leg.uniqueid);
    this.join(leg.uniqueid);
  }

  private onLeave(message: AmiMessage): void {
    const leg = this.touch(message);
    if (leg === undefined) return;
    const before = this.graph.conversationOf(leg.uniqueid);
    this.graph.leave(leg.uniqueid, message.get('BridgeUniqueid'));
    for (const uniqueid of before) this.checkPartner(this.legs.get(uniqueid));
  }

  private checkPartner(leg: Leg | undefined): void {
    if (leg?.partner === undefined || leg.heldWith !== undefined) return;
    const partner = this.byCallId.get(leg.partner);
    if (partner === undefined) leg.partner = undefined;
    else if (!this.graph.conversationOf(leg.uniqueid).includes(partner.uniqueid)) this.part(leg);
  }

  private onHangup(message: AmiMessage): void {
    const leg = this.touch(message);
    if (leg === undefined) {
      this.early.delete(message.get('Uniqueid'));
      return;
    }
    this.parking.end(leg);
    this.conferences.end(leg);
    this.faxes.end(leg);
    this.announce(leg);
    if (leg.announced) this.emit('CHANNEL_DESTROY', leg, this.endFacts(leg, message.get('Cause')));
    this.remove(leg);
  }

  private endFacts(leg: Leg, cause: string): Record<string, unknown> {
    const { answeredMs, createdMs } = leg;
    const nowMs = this.now();
    const facts = {
      channel_call_state: 'HANGUP',
      channel_answer_state: 'hangup',
      ...endingOf(cause, leg.answered),
    };
    if (!leg.createdKnown) return facts;
    const duration = Math.max(0, Math.round((nowMs - createdMs) / 1_000));
    if (leg.answered && answeredMs === undefined) return { ...facts, duration_seconds: duration };
    const billing =
      answeredMs === undefined
        ? 0
        : Math.min(duration, Math.max(0, Math.round((nowMs - answeredMs) / 1_000)));
    return {
      ...facts,
      duration_seconds: duration,
      billing_seconds: billing,
      ringing_seconds: duration - billing,
    };
  }

  private announceKnown(leg: Leg): void {
    if (!leg.announced && this.identify(leg).accountId !== undefined) this.announce(leg);
  }

  private identify(leg: Leg): Leg['identity'] {
    const { name, variables } = leg;
    return identityOf(name, variables, this.parts.endpoints, this.accountOfCall(leg));
  }

  private accountOfCall(leg: Leg): string | undefined {
    for (const other of this.calls.get(leg.linkedid) ?? []) {
      const account = other.identity.accountId ?? other.variables.accountId;
      if (other !== leg && account !== undefined) return account;
    }
    return undefined;
  }

  /** Legs of the same call that were shown without an account belong to this one's. */
  private spreadAccount(leg: Leg): void {
    if (leg.identity.accountId === undefined) return;
    for (const other of this.calls.get(leg.linkedid) ?? []) {
      if (other.announced && other.identity.accountId === undefined) this.move(other);
    }
  }

  /**
   * A leg that was shown without an account has one now. For that account the call begins here, and the registry keeps
   * calls by account: a snapshot takes the old entry away.
   */
  private move(leg: Leg): void {
    const identity = this.identify(leg);
    if (identity.accountId === undefined) return;
    leg.identity = identity;
    this.emit('CHANNEL_CREATE', leg, {});
    this.parts.snapshot();
  }

  private emit(name: CallEventName, leg: Leg, more: Readonly<Record<string, unknown>>): void {
    const partner = leg.partner ?? leg.bridgedWith;
    const other = partner === undefined ? undefined : this.byCallId.get(partner);
    this.parts.emit(callEvent(name, leg, other, this.now(), more));
  }

  private keepEarly(uniqueid: string, variables: IdentityVariables): void {
    if (uniqueid === '') return;
    if (this.early.size >= MAX_EARLY) {
      const [eldest] = this.early.keys();
      if (eldest !== undefined) this.early.delete(eldest);
    }
    this.early.set(uniqueid, variables);
  }

  private index(leg: Leg): void {
    const call = this.calls.get(leg.linkedid);
    if (call === undefined) this.calls.set(leg.linkedid, new Set([leg]));
    else call.add(leg);
  }

  private unindex(leg: Leg, linkedid: string): void {
    const call = this.calls.get(linkedid);
    call?.delete(leg);
    if (call?.size === 0) this.calls.delete(linkedid);
  }
}

/** `sip:bob@10.0.0.1` or `bob/sip:…` or `bob` -> `bob`. */
function dialledUser(dialString: string): string | undefined {
  const user = dialString.replace(/^sips?:/, '').split(/[@/]/)[0];
  return user === undefined || user === '' ? undefined : user.slice(0, 128);
}
