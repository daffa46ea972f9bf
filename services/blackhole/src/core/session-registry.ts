import type { Principal } from '@ringdown/auth';
import type { Session } from './session';

/** Limits of one instance. */
export interface RegistryLimits {
  readonly maxPerAddress: number;
  readonly maxPerPrincipal: number;
}

/** A place for one connection of an address; given back when the connection is really gone. */
export interface Slot {
  release(): void;
}

/** The open sockets of this process, and how many each address and principal has. */
export class SessionRegistry {
  private readonly sessions = new Map<string, Session>();
  private readonly perAddress = new Map<string, number>();
  private readonly perPrincipal = new Map<string, number>();

  constructor(private readonly limits: RegistryLimits) {}

  get size(): number {
    return this.sessions.size;
  }

  get authenticated(): number {
    let count = 0;
    for (const session of this.sessions.values()) if (session.principal !== undefined) count += 1;
    return count;
  }

  /** Sockets of each of the protocols given, and of any other there is. */
  byProtocol(names: Iterable<string>): ReadonlyMap<string, number> {
    const counts = new Map([...names].map((name): [string, number] => [name, 0]));
    for (const { dialect } of this.sessions.values())
      counts.set(dialect.name, (counts.get(dialect.name) ?? 0) + 1);
    return counts;
  }

  /** Bytes waiting for all sockets. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const session of this.sessions.values()) bytes += session.queuedBytes;
    return bytes;
  }

  all(): Iterable<Session> {
    return this.sessions.values();
  }

  get(id: string): Session | undefined {
    return this.sessions.get(id);
  }

  /** Undefined when the address has as many connections as it may, authenticated or not. */
  takeSlot(address: string): Slot | undefined {
    const taken = this.perAddress.get(address) ?? 0;
    if (taken >= this.limits.maxPerAddress) return undefined;
    this.perAddress.set(address, taken + 1);
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        decrease(this.perAddress, address);
      },
    };
  }

  add(session: Session): void {
    this.sessions.set(session.id, session);
  }

  remove(session: Session): void {
    if (!this.sessions.delete(session.id)) return;
    if (session.principal !== undefined) decrease(this.perPrincipal, principalKey(session.principal));
  }

  hasRoomFor(principal: Principal): boolean {
    return (this.perPrincipal.get(principalKey(principal)) ?? 0) < this.limits.maxPerPrincipal;
  }

  /** Sets who is behind a session, or renews it. False when that principal has as many sockets as it may. */
  identify(session: Session, principal: Principal): boolean {
    const key = principalKey(principal);
    const previous = session.principal === undefined ? undefined : principalKey(session.principal);
    if (key !== previous) {
      if (!this.hasRoomFor(principal)) return false;
      this.perPrincipal.set(key, (this.perPrincipal.get(key) ?? 0) + 1);
      if (previous !== undefined) decrease(this.perPrincipal, previous);
    }
    session.principal = principal;
    return true;
  }
}

function principalKey({ accountId, userId, keyId }: Principal): string {
  return `${accountId} ${userId ?? ''} ${keyId ?? ''}`;
}

function decrease(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}
