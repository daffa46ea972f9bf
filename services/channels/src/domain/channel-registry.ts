import {
  decodeSwitchSnapshot,
  isSwitchSnapshotKey,
  type ChannelState,
  type RejectReason,
  type WireMessage,
} from '@ringdown/contracts';
import { Authority } from './authority';
import { MAX_ID, boundedCallId, boundedId } from './bounded';
import { isFromProducer, otherLegOf, readCallEvent, timeOf, type CallEvent } from './call-event';
import { Channel, compareAges } from './channel';
import { Interner } from './interner';
import { Legs } from './legs';
import { LogTime } from './log-time';
import { assemble, isUsable, type CompleteSnapshot } from './snapshot-assembly';
import { SortedList } from './sorted-list';
import { isLater } from './stamp';

/** Channels nobody owns that are kept: of one account, whose least recently told go first, and of all. */
export const MAX_UNOWNED_PER_ACCOUNT = 5_000;
export const MAX_UNOWNED = 100_000;

/** An entry of the log, as the broker's reader gives it. */
export interface FoldedEntry {
  readonly offset: number;
  readonly message: WireMessage;
}

/** What an entry did. Only `rejected` ones could not be used; the others are part of the state. */
export type FoldOutcome =
  /** Told something of a live channel, or ended one. */
  | 'event'
  /** Of a call that has ended. */
  | 'ended'
  /** Older than the snapshot of its switch. */
  | 'contained'
  /** Somebody else's about a call that a switch owns. */
  | 'not_its_owner'
  | 'snapshot'
  | 'snapshot_part';

export type FoldRejection = RejectReason | 'invalid_id' | 'invalid_snapshot' | 'too_many';

export interface Folded {
  readonly outcome: FoldOutcome | 'rejected';
  /** Of an event; empty when it is of no account. */
  readonly accountId?: string;
  readonly messageId?: string | undefined;
  readonly rejection?: FoldRejection;
  readonly detail?: string;
}

interface Account {
  readonly id: string;
  /** For the channels nobody owns; the least recently told first. */
  readonly unowned: Authority;
  readonly channels: Map<string, Channel>;
  readonly ordered: SortedList<Channel>;
}

/**
 * The live channels: a fold of the log of call events. A function of the entries alone: no clock, no chance, so that two
 * replicas that read the same entries agree. See `docs/adr/0009-channels-are-a-fold.md` for the rules.
 */
export class ChannelRegistry {
  private accounts = new Map<string, Account>();
  private switches = new Map<string, Authority>();
  private ordered = new SortedList<Channel>(compareAges);
  private unownedCount = 0;
  private ownedLegs = new Legs();
  private unownedLegs = new Legs();
  private logTime = new LogTime();
  private interner = new Interner();

  /** Live channels. */
  get size(): number {
    return this.ordered.size;
  }

  /** Live channels nobody owns. */
  get unowned(): number {
    return this.unownedCount;
  }

  /** Accounts with live channels. */
  get accountCount(): number {
    return this.accounts.size;
  }

  apply({ offset, message }: FoldedEntry): Folded {
    this.logTime.advance(timeOf(message));
    this.ownedLegs.age(this.logTime.nowMs);
    this.unownedLegs.age(this.logTime.nowMs);
    if (isSwitchSnapshotKey(message.exchange, message.routingKey)) return this.applySnapshot(offset, message);
    const read = readCallEvent(message, this.logTime.nowMs);
    if ('rejected' in read) return rejected(read.rejected, read.detail);
    const { event, messageId } = read;
    const outcome = this.applyEvent(event, offset);
    const about = { accountId: event.accountId, messageId };
    return outcome === 'too_many'
      ? { ...rejected('too_many', 'more live channels than are kept for those nobody owns'), ...about }
      : { outcome, ...about };
  }

  get(accountId: string, callId: string): Channel | undefined {
    return this.accounts.get(accountId)?.channels.get(callId);
  }

  /** In order, from the first for which `isAfter` holds on; of one account, or of all. */
  list(accountId: string | undefined, isAfter: (channel: Channel) => boolean): Iterable<Channel> {
    const ordered = accountId === undefined ? this.ordered : this.accounts.get(accountId)?.ordered;
    return ordered?.from(isAfter) ?? [];
  }

  /** Live channels of one account, or of all. */
  count(accountId?: string): number {
    return accountId === undefined ? this.size : (this.accounts.get(accountId)?.ordered.size ?? 0);
  }

  /** The producer instance whose snapshot of the switch was applied last. */
  holderOf(switchId: string): string | undefined {
    return this.switches.get(switchId)?.holder;
  }

  /** Removes what was told last before `firstOffset`, the oldest entry the log still has. Returns how many channels. */
  expireBefore(firstOffset: number): number {
    const over = [...this.ordered].filter((channel) => channel.lastOffset < firstOffset);
    // To whom they talked stays said, as it is for whoever reads the log only from there on.
    for (const channel of over) this.setAside(channel);
    for (const [switchId, authority] of this.switches) {
      if (authority.channels.size === 0 && authority.lastOffset < firstOffset) this.switches.delete(switchId);
    }
    return over.length;
  }

  /** As if nothing had been read. */
  clear(): void {
    this.accounts = new Map();
    this.switches = new Map();
    this.ordered = new SortedList<Channel>(compareAges);
    this.unownedCount = 0;
    this.ownedLegs = new Legs();
    this.unownedLegs = new Legs();
    this.logTime = new LogTime();
    this.interner = new Interner();
  }

  private applyEvent(read: CallEvent, offset: number): FoldOutcome | 'too_many' {
    const { accountId, callId, switchId } = read;
    const authority = switchId === undefined ? this.unownedOf(accountId) : this.switchOf(switchId);
    authority.lastOffset = offset;
    if (read.name === 'CHANNEL_DESTROY') return this.end(authority, read);

    const { contained } = authority;
    const isOlder = contained !== undefined && read.stamp.at < contained.at;
    if (isOlder && read.stamp.id < contained.id) return 'contained';
    // Published after the snapshot by a clock that was set back.
    const event = isOlder ? { ...read, stamp: { at: contained.at, id: read.stamp.id } } : read;

    let channel = authority.channels.get(callId);
    if (channel === undefined) {
      const legs = this.legsOf(authority);
      const present = this.get(accountId, callId);
      const isOwned = present?.switchId !== undefined;
      if (legs.hasEnded(authority, callId) || (switchId === undefined && isOwned)) {
        // Nothing comes of it for this channel, but perhaps for the one it names.
        this.applyLegs(authority, event);
        return isOwned ? 'not_its_owner' : 'ended';
      }
      if (switchId === undefined && !this.makeRoom(authority)) return 'too_many';
      if (present !== undefined) this.setAside(present);
      channel = this.add(authority, event, offset);
    } else if (switchId === undefined) {
      // Moves to the end: told of most recently.
      authority.channels.delete(callId);
      authority.channels.set(callId, channel);
    } else {
      channel = this.follow(channel, event);
    }
    channel.lastOffset = offset;
    const created = channel.creationAfter(event);
    if (created !== channel.created) this.reorder(channel, () => (channel.created = created));
    channel.apply(event, this.interner);
    this.applyLegs(authority, event);
    return 'event';
  }

  private applyLegs(authority: Authority, event: CallEvent): void {
    const legs = this.legsOf(authority);
    if (event.name === 'PARK_PARKED') legs.park(authority, event.callId, event.stamp, this.logTime.nowMs);
    if (event.name !== 'CHANNEL_BRIDGE') return;
    const other = otherLegOf(event);
    if (other !== undefined) legs.bridge(authority, event.callId, other, event.stamp, this.logTime.nowMs);
  }

  /** An end is final, whenever it is told. That of a switch ends also what others say of the call. */
  private end(authority: Authority, { accountId, callId }: CallEvent): FoldOutcome {
    const now = this.logTime.nowMs;
    const channel = authority.channels.get(callId);
    this.legsOf(authority).end(authority, callId, now);
    if (authority.switchId !== undefined) {
      const present = this.get(accountId, callId);
      const unowned = this.unownedOf(accountId);
      this.unownedLegs.end(unowned, callId, now);
      if (present !== undefined && present.switchId === undefined) this.remove(present);
    }
    if (channel !== undefined) this.remove(channel);
    else if (this.get(accountId, callId) !== undefined) return 'not_its_owner';
    return 'event';
  }

  private applySnapshot(offset: number, message: WireMessage): Folded {
    const part = isFromProducer(message) ? decodeSwitchSnapshot(message) : undefined;
    if (part === undefined || part.switch.length > MAX_ID) {
      return rejected('invalid_snapshot', `no snapshot of a switch: ${message.routingKey}`);
    }
    const authority = this.switchOf(part.switch);
    authority.lastOffset = offset;
    const complete = assemble(authority, part, { offset, messageId: message.messageId ?? '' });
    if (complete === undefined) return { outcome: 'snapshot_part' };
    this.restore(authority, complete);
    return { outcome: 'snapshot' };
  }

  /** What the producer says is all there is of its switch. */
  private restore(authority: Authority, snapshot: CompleteSnapshot): void {
    authority.holder = snapshot.holder;
    authority.contained = { at: snapshot.takenAt, id: snapshot.messageId };
    const states = new Map<string, ChannelState>();
    for (const state of snapshot.channels) {
      if (isUsable(state) && boundedCallId(state.call_id) !== undefined) states.set(state.call_id, state);
    }
    for (const channel of [...authority.channels.values()]) {
      if (states.has(channel.callId)) continue;
      this.ownedLegs.forget(authority, channel.callId);
      this.unownedLegs.forget(this.unownedOf(channel.accountId), channel.callId);
      this.remove(channel);
    }
    this.ownedLegs.restart(authority);
    for (const state of states.values()) this.restoreOne(authority, state, snapshot);
  }

  private restoreOne(authority: Authority, state: ChannelState, { takenAt, offset }: CompleteSnapshot): void {
    const accountId = boundedId(state.account_id) ?? '';
    const callId = state.call_id;
    let channel = authority.channels.get(callId);
    const present = this.get(accountId, callId);
    if (present !== undefined && present !== channel) this.setAside(present);
    if (channel !== undefined && (channel.accountId !== accountId || channel.created !== state.created)) {
      this.remove(channel);
      channel = undefined;
    }
    if (channel === undefined) {
      channel = new Channel(authority, accountId, callId, this.ownedLegs.open(authority, callId), offset);
      channel.created = state.created;
      this.insert(channel);
    }
    channel.lastOffset = offset;
    channel.restore(state, { at: takenAt, id: '' }, this.interner);
  }

  private add(authority: Authority, event: CallEvent, offset: number): Channel {
    const { accountId, callId } = event;
    const leg = this.legsOf(authority).open(authority, callId);
    const channel = new Channel(authority, this.interner.of(accountId), callId, leg, offset);
    channel.created = channel.creationAfter(event);
    if (accountId !== '') channel.accountAt = event.stamp;
    this.insert(channel);
    return channel;
  }

  /** The owner may learn the account after it saw the call. */
  private follow(channel: Channel, { accountId, stamp, callId }: CallEvent): Channel {
    if (accountId === '' || !isLater(stamp, channel.accountAt)) return channel;
    channel.accountAt = stamp;
    if (accountId === channel.accountId) return channel;
    const present = this.get(accountId, callId);
    if (present !== undefined) this.setAside(present);
    this.reorder(channel, () => (channel.accountId = this.interner.of(accountId)));
    return channel;
  }

  /** Forgets a channel, but not that others talk to it. */
  private setAside(channel: Channel): void {
    this.remove(channel);
    this.legsOf(channel.authority).setAside(
      channel.authority,
      channel.callId,
      channel.leg,
      this.logTime.nowMs,
    );
  }

  private makeRoom(authority: Authority): boolean {
    if (authority.channels.size >= MAX_UNOWNED_PER_ACCOUNT) {
      const [oldest] = authority.channels.values();
      this.unownedLegs.forget(authority, oldest!.callId);
      this.remove(oldest!);
    }
    return this.unownedCount < MAX_UNOWNED;
  }

  private insert(channel: Channel): void {
    const { authority, accountId, callId } = channel;
    let account = this.accounts.get(accountId);
    if (account === undefined) {
      account = {
        id: accountId,
        unowned: authority.switchId === undefined ? authority : Authority.ofAccount(accountId),
        channels: new Map(),
        ordered: new SortedList<Channel>(compareAges),
      };
      this.accounts.set(accountId, account);
    }
    account.channels.set(callId, channel);
    account.ordered.add(channel);
    this.ordered.add(channel);
    authority.channels.set(callId, channel);
    if (authority.switchId === undefined) this.unownedCount += 1;
  }

  private remove(channel: Channel): void {
    const { authority, accountId, callId } = channel;
    const account = this.accounts.get(accountId);
    if (account?.channels.get(callId) === channel) account.channels.delete(callId);
    account?.ordered.delete(channel);
    if (account?.channels.size === 0) this.accounts.delete(accountId);
    this.ordered.delete(channel);
    if (authority.channels.get(callId) === channel) authority.channels.delete(callId);
    if (authority.switchId === undefined) this.unownedCount -= 1;
  }

  /** Changes what a channel is found or ordered by. */
  private reorder(channel: Channel, change: () => void): void {
    this.remove(channel);
    change();
    this.insert(channel);
  }

  private legsOf(authority: Authority): Legs {
    return authority.switchId === undefined ? this.unownedLegs : this.ownedLegs;
  }

  private switchOf(switchId: string): Authority {
    let authority = this.switches.get(switchId);
    if (authority === undefined) {
      const kept = this.interner.of(switchId);
      authority = Authority.ofSwitch(kept);
      this.switches.set(kept, authority);
    }
    return authority;
  }

  /** Of an account without channels nothing is kept: there may be any number of them. */
  private unownedOf(accountId: string): Authority {
    return this.accounts.get(accountId)?.unowned ?? Authority.ofAccount(accountId);
  }
}

function rejected(rejection: FoldRejection, detail: string): Folded {
  return { outcome: 'rejected', rejection, detail };
}
