import { AgingMap } from './aging-map';
import type { Authority } from './authority';
import { NEVER, isLater, type Stamp } from './stamp';

/** How much is remembered of calls that ended, and of calls known by name only. */
export const MAX_ENDED = 100_000;
export const MAX_SHADOWS = 20_000;
export const MEMORY_MS = 600_000;

/** To whom a channel is connected, and since when. */
export interface Leg {
  /** Of the latest bridge or parking it took part in. */
  stamp: Stamp;
  peer: string | undefined;
}

interface Shadow {
  readonly authority: Authority;
  readonly leg: Leg;
}

/**
 * Who is connected to whom. A bridge joins two legs if it is the latest for both; a later bridge or parking of either, or
 * its end, parts them. So it comes to the same in whatever order the events arrive. A leg that is named before its channel
 * is known, or after it ended, is remembered for a while.
 *
 * One instance for the calls of switches, one for those nobody owns: they do not mix.
 */
export class Legs {
  private readonly ended = new AgingMap<Authority>(MAX_ENDED, MEMORY_MS);
  private readonly shadows = new AgingMap<Shadow>(MAX_SHADOWS, MEMORY_MS);

  age(nowMs: number): void {
    this.ended.age(nowMs);
    this.shadows.age(nowMs);
  }

  hasEnded(authority: Authority, callId: string): boolean {
    return this.ended.size > 0 && this.ended.has(authority.keyOf(callId));
  }

  /** The leg of a channel that becomes known. */
  open(authority: Authority, callId: string): Leg {
    if (this.shadows.size === 0) return { stamp: NEVER, peer: undefined };
    const key = authority.keyOf(callId);
    const leg = this.shadows.get(key)?.leg;
    this.shadows.delete(key);
    return leg ?? { stamp: NEVER, peer: undefined };
  }

  bridge(authority: Authority, a: string, b: string, stamp: Stamp, nowMs: number): void {
    const legA = this.find(authority, a, nowMs);
    const legB = this.find(authority, b, nowMs);
    const latestForA = legA !== undefined && isLater(stamp, legA.stamp);
    const latestForB = legB !== undefined && isLater(stamp, legB.stamp);
    if (latestForA) this.move(authority, a, legA, stamp);
    if (latestForB) this.move(authority, b, legB, stamp);
    if (latestForA && latestForB) {
      legA.peer = b;
      legB.peer = a;
    }
  }

  park(authority: Authority, callId: string, stamp: Stamp, nowMs: number): void {
    const leg = this.find(authority, callId, nowMs);
    if (leg !== undefined && isLater(stamp, leg.stamp)) this.move(authority, callId, leg, stamp);
  }

  /** For good: what comes later about it is refused by {@link hasEnded}. */
  end(authority: Authority, callId: string, nowMs: number): void {
    this.forget(authority, callId);
    this.ended.add(authority.keyOf(callId), authority, nowMs);
  }

  /** The channel is gone without having ended, as far as is known. */
  forget(authority: Authority, callId: string): void {
    const leg = this.known(authority, callId);
    if (leg === undefined) return;
    this.release(authority, callId, leg);
    this.shadows.delete(authority.keyOf(callId));
  }

  /** The channel's own state goes, but not what its leg means to others. */
  setAside(authority: Authority, callId: string, leg: Leg, nowMs: number): void {
    this.shadows.add(authority.keyOf(callId), { authority, leg }, nowMs);
  }

  /** Nothing that this authority said so far counts any more. */
  restart(authority: Authority): void {
    this.shadows.deleteWhere((shadow) => shadow.authority === authority);
    this.ended.deleteWhere((ended) => ended === authority);
  }

  private move(authority: Authority, callId: string, leg: Leg, stamp: Stamp): void {
    this.release(authority, callId, leg);
    leg.stamp = stamp;
  }

  private release(authority: Authority, callId: string, leg: Leg): void {
    if (leg.peer === undefined) return;
    const peer = this.known(authority, leg.peer);
    if (peer?.peer === callId) peer.peer = undefined;
    leg.peer = undefined;
  }

  /** Undefined when it has ended. */
  private find(authority: Authority, callId: string, nowMs: number): Leg | undefined {
    const known = this.known(authority, callId);
    if (known !== undefined) return known;
    if (this.hasEnded(authority, callId)) return undefined;
    const leg: Leg = { stamp: NEVER, peer: undefined };
    this.shadows.add(authority.keyOf(callId), { authority, leg }, nowMs);
    return leg;
  }

  private known(authority: Authority, callId: string): Leg | undefined {
    const channel = authority.channels.get(callId);
    if (channel !== undefined) return channel.leg;
    return this.shadows.size === 0 ? undefined : this.shadows.get(authority.keyOf(callId))?.leg;
  }
}
