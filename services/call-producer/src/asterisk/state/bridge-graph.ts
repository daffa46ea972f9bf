/** What BridgeCreate and BridgeEnter tell of a bridge. Only `basic` ones join two parties of a call. */
interface Bridge {
  type: string;
  readonly members: Set<string>;
}

/** Longest chain of Local pairs that is followed. */
const MAX_COMPONENT = 64;

/**
 * Which channels are in which bridge, and who talks to whom: through a pair of Local channels two bridges are one
 * conversation. Channels are named by their Uniqueid.
 */
export class BridgeGraph {
  private readonly bridges = new Map<string, Bridge>();
  private readonly places = new Map<string, string>();
  private readonly otherHalves = new Map<string, string>();

  constructor(private readonly isReal: (uniqueid: string) => boolean) {}

  clear(): void {
    this.bridges.clear();
    this.places.clear();
    this.otherHalves.clear();
  }

  create(bridgeId: string, type: string): void {
    this.bridge(bridgeId, type);
  }

  destroy(bridgeId: string): void {
    for (const member of this.bridges.get(bridgeId)?.members ?? []) this.places.delete(member);
    this.bridges.delete(bridgeId);
  }

  enter(bridgeId: string, type: string, uniqueid: string): void {
    this.leave(uniqueid);
    this.bridge(bridgeId, type).members.add(uniqueid);
    this.places.set(uniqueid, bridgeId);
  }

  /** Out of the bridge, or out of this one if it is there. */
  leave(uniqueid: string, bridgeId?: string): void {
    const place = this.places.get(uniqueid);
    if (place === undefined || (bridgeId !== undefined && place !== bridgeId)) return;
    this.bridges.get(place)?.members.delete(uniqueid);
    this.places.delete(uniqueid);
  }

  /** Two halves of a Local channel. */
  pair(one: string, two: string): void {
    this.otherHalves.set(one, two);
    this.otherHalves.set(two, one);
  }

  forget(uniqueid: string): void {
    this.leave(uniqueid);
    const other = this.otherHalves.get(uniqueid);
    this.otherHalves.delete(uniqueid);
    if (other !== undefined) this.otherHalves.delete(other);
  }

  bridgeOf(uniqueid: string): string | undefined {
    return this.places.get(uniqueid);
  }

  isIn(uniqueid: string): boolean {
    return this.places.has(uniqueid);
  }

  /** The real channels that hear each other with this one; itself among them. Empty when it is in no basic bridge. */
  conversationOf(uniqueid: string): readonly string[] {
    const seen = new Set<string>();
    const real: string[] = [];
    const queue = [uniqueid];
    for (let next = queue.pop(); next !== undefined && seen.size < MAX_COMPONENT; next = queue.pop()) {
      const place = this.places.get(next);
      const bridge = place === undefined ? undefined : this.bridges.get(place);
      if (place === undefined || bridge?.type !== 'basic' || seen.has(place)) continue;
      seen.add(place);
      for (const member of bridge.members) {
        if (this.isReal(member)) real.push(member);
        const other = this.otherHalves.get(member);
        if (other !== undefined) queue.push(other);
      }
    }
    return real;
  }

  /** The telephone behind a channel: itself, or the one at the other end of a Local pair. */
  realBehind(uniqueid: string): string | undefined {
    if (this.isReal(uniqueid)) return uniqueid;
    const other = this.otherHalves.get(uniqueid);
    const far = other === undefined ? [] : this.conversationOf(other);
    return far.length === 1 ? far[0] : undefined;
  }

  private bridge(bridgeId: string, type: string): Bridge {
    const known = this.bridges.get(bridgeId);
    if (known !== undefined) {
      if (type !== '') known.type = type;
      return known;
    }
    const bridge = { type, members: new Set<string>() };
    this.bridges.set(bridgeId, bridge);
    return bridge;
  }
}
