import { messageOf, systemClock, type Clock, type Logger } from '@ringdown/core';
import type { ClientBinding } from '@ringdown/contracts';

/** The part of the broker's feed this needs. */
export interface BindingFeed {
  bind(exchange: string, pattern: string): Promise<void>;
  unbind(exchange: string, pattern: string): Promise<void>;
}

/** A claim on the broker bindings behind one subscription. */
export interface BindingLease {
  /** Resolves once the broker confirmed that the events of the binding come; rejects when it refused. */
  readonly bound: Promise<void>;
  /** Must be called exactly when the subscription ends, also after `bound` rejected. Idempotent. */
  release(): void;
}

export interface BrokerBindingsOptions {
  /** Above this many exact ids under one prefix the wildcard is bound once and the filter is local. */
  readonly collapseIdsAbove: number;
  /** How long an unused binding stays, so that a page that reloads costs the broker nothing. */
  readonly unbindDebounceMs: number;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** One (exchange, pattern) pair on the broker. Binds and unbinds of a pair never overlap. */
interface Wire {
  readonly exchange: string;
  readonly pattern: string;
  holds: number;
  bound: boolean;
  binding: Promise<void> | undefined;
  unbinding: Promise<void> | undefined;
}

/** The exact ids subscribed under one prefix. */
interface IdGroup {
  readonly exchange: string;
  readonly collapsedPattern: string;
  readonly ids: Map<string, IdEntry>;
  /** Held while the group is collapsed. */
  wildcard: Wire | undefined;
  expanding: boolean;
}

interface IdEntry {
  readonly patterns: readonly string[];
  leases: number;
  /** Held while this id is bound by itself. */
  wires: readonly Wire[] | undefined;
}

const RESOLVED = Promise.resolve();
const UNBIND_BATCH = 32;

/**
 * Which patterns this process is bound to, counted over all its sockets. Twenty thousand sockets on one binding are one
 * binding on the broker; ids are collapsed to a wildcard when there are many; unbinds wait a little.
 */
export class BrokerBindings {
  private readonly wires = new Map<string, Wire>();
  private readonly groups = new Map<string, IdGroup>();
  /** Wires nobody holds -> when to unbind. Insertion order is due order. */
  private readonly idle = new Map<Wire, number>();
  private readonly clock: Clock;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly feed: BindingFeed,
    private readonly options: BrokerBindingsOptions,
  ) {
    this.clock = options.clock ?? systemClock;
  }

  /** Distinct pairs bound, or being bound or unbound. */
  get size(): number {
    return this.wires.size;
  }

  acquire(binding: ClientBinding): BindingLease {
    return binding.exactId === undefined ? this.acquireWildcard(binding) : this.acquireId(binding);
  }

  /** Unbinds everything in batches: a queue deleted with thousands of bindings stalls a broker for all. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.idle.clear();
    const wires = [...this.wires.values()];
    for (let start = 0; start < wires.length; start += UNBIND_BATCH) {
      await Promise.all(wires.slice(start, start + UNBIND_BATCH).map((wire) => this.unbindFinally(wire)));
    }
    this.wires.clear();
    this.groups.clear();
  }

  private acquireWildcard(binding: ClientBinding): BindingLease {
    const wires = this.holdAll(binding.exchange, binding.patterns);
    return lease(this.allBound(wires), () => this.dropAll(wires));
  }

  private acquireId(binding: ClientBinding): BindingLease {
    const group = this.groupOf(binding.exchange, binding.collapsedPattern);
    const id = binding.patterns.join(' ');
    let entry = group.ids.get(id);
    if (entry === undefined) {
      entry = { patterns: binding.patterns, leases: 0, wires: undefined };
      group.ids.set(id, entry);
    }
    entry.leases += 1;
    return lease(this.bindId(group, entry), () => this.releaseId(group, id));
  }

  private bindId(group: IdGroup, entry: IdEntry): Promise<void> {
    if (group.wildcard === undefined && group.ids.size > this.options.collapseIdsAbove) {
      [group.wildcard] = this.holdAll(group.exchange, [group.collapsedPattern]);
    }
    if (group.wildcard !== undefined) return this.bindCollapsed(group, group.wildcard);
    entry.wires ??= this.holdAll(group.exchange, entry.patterns);
    return this.allBound(entry.wires);
  }

  /** Exact bindings are let go only after the wildcard stands, so that no event falls between. */
  private async bindCollapsed(group: IdGroup, wildcard: Wire): Promise<void> {
    await this.ensureBound(wildcard);
    if (group.wildcard === wildcard && !group.expanding) this.dropExact(group);
  }

  private releaseId(group: IdGroup, id: string): void {
    const entry = group.ids.get(id)!;
    entry.leases -= 1;
    if (entry.leases > 0) return;
    group.ids.delete(id);
    if (entry.wires) this.dropAll(entry.wires);
    if (group.ids.size === 0) {
      if (group.wildcard) this.dropAll([group.wildcard]);
      group.wildcard = undefined;
      this.groups.delete(groupKey(group.exchange, group.collapsedPattern));
    } else if (group.wildcard && group.ids.size <= this.options.collapseIdsAbove / 2) {
      void this.expand(group);
    }
  }

  /**
   * Back from the wildcard to exact ids once there are few again; half the limit, so that a group near it does not
   * swing. The wildcard stays until every exact binding stands.
   */
  private async expand(group: IdGroup): Promise<void> {
    if (group.expanding || this.closed) return;
    group.expanding = true;
    try {
      for (;;) {
        const missing = [...group.ids.values()].filter((entry) => entry.wires === undefined);
        if (missing.length === 0 || group.ids.size > this.options.collapseIdsAbove) break;
        for (const entry of missing) entry.wires = this.holdAll(group.exchange, entry.patterns);
        await Promise.all(missing.map((entry) => this.allBound(entry.wires!)));
      }
    } catch (error) {
      this.options.logger.warn('exact bindings not restored, the wildcard stays', {
        error: messageOf(error),
      });
      group.expanding = false;
      if (group.wildcard?.bound) this.dropExact(group);
      return;
    }
    group.expanding = false;
    if (group.wildcard === undefined) return;
    if (group.ids.size > this.options.collapseIdsAbove) {
      if (group.wildcard.bound) this.dropExact(group);
    } else {
      this.dropAll([group.wildcard]);
      group.wildcard = undefined;
    }
  }

  private dropExact(group: IdGroup): void {
    for (const entry of group.ids.values()) {
      if (entry.wires) this.dropAll(entry.wires);
      entry.wires = undefined;
    }
  }

  private groupOf(exchange: string, collapsedPattern: string): IdGroup {
    const key = groupKey(exchange, collapsedPattern);
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { exchange, collapsedPattern, ids: new Map(), wildcard: undefined, expanding: false };
      this.groups.set(key, group);
    }
    return group;
  }

  private holdAll(exchange: string, patterns: readonly string[]): readonly Wire[] {
    return patterns.map((pattern) => {
      const key = `${exchange} ${pattern}`;
      let wire = this.wires.get(key);
      if (wire === undefined) {
        wire = { exchange, pattern, holds: 0, bound: false, binding: undefined, unbinding: undefined };
        this.wires.set(key, wire);
      }
      wire.holds += 1;
      this.idle.delete(wire);
      return wire;
    });
  }

  private dropAll(wires: readonly Wire[]): void {
    for (const wire of wires) {
      wire.holds -= 1;
      if (wire.holds === 0) this.retire(wire);
    }
  }

  private allBound(wires: readonly Wire[]): Promise<void> {
    const waiting = wires.map((wire) => this.ensureBound(wire)).filter((bound) => bound !== RESOLVED);
    return waiting.length === 0 ? RESOLVED : Promise.all(waiting).then(() => undefined);
  }

  private ensureBound(wire: Wire): Promise<void> {
    if (wire.bound && wire.unbinding === undefined) return RESOLVED;
    wire.binding ??= this.bind(wire).finally(() => (wire.binding = undefined));
    return wire.binding;
  }

  private async bind(wire: Wire): Promise<void> {
    await wire.unbinding;
    await this.feed.bind(wire.exchange, wire.pattern);
    wire.bound = true;
  }

  private retire(wire: Wire): void {
    if (this.closed) return;
    this.idle.delete(wire);
    this.idle.set(wire, this.clock() + this.options.unbindDebounceMs);
    this.armSweep();
  }

  private armSweep(): void {
    const [first] = this.idle;
    if (this.timer !== undefined || first === undefined || this.closed) return;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.sweep();
      },
      Math.max(1, first[1] - this.clock()),
    );
  }

  private sweep(): void {
    const now = this.clock();
    for (const [wire, due] of this.idle) {
      if (due > now) break;
      this.idle.delete(wire);
      // One operation per pair at a time; what is still under way decides nothing about who wants it next.
      if (wire.binding !== undefined || wire.unbinding !== undefined) this.retire(wire);
      else wire.unbinding = this.unbind(wire).finally(() => (wire.unbinding = undefined));
    }
    this.armSweep();
  }

  /** Also after a bind that failed: whether the broker has it is unknown then, and unbinding what is not there is free. */
  private async unbind(wire: Wire): Promise<void> {
    try {
      await this.feed.unbind(wire.exchange, wire.pattern);
      wire.bound = false;
      if (wire.holds === 0 && wire.binding === undefined)
        this.wires.delete(`${wire.exchange} ${wire.pattern}`);
    } catch (error) {
      this.options.logger.warn('unbind failed, trying again later', {
        exchange: wire.exchange,
        pattern: wire.pattern,
        error: messageOf(error),
      });
      wire.bound = false;
      if (wire.holds === 0) this.retire(wire);
    }
  }

  private async unbindFinally(wire: Wire): Promise<void> {
    try {
      await wire.binding?.catch(() => undefined);
      await wire.unbinding;
      await this.feed.unbind(wire.exchange, wire.pattern);
    } catch (error) {
      this.options.logger.debug('unbind at the end failed', { error: messageOf(error) });
    }
  }
}

function lease(bound: Promise<void>, drop: () => void): BindingLease {
  let held = true;
  // The holder may be gone before the broker answers; its rejection is nobody's then.
  bound.catch(() => undefined);
  return {
    bound,
    release: () => {
      if (!held) return;
      held = false;
      drop();
    },
  };
}

function groupKey(exchange: string, collapsedPattern: string): string {
  return `${exchange} ${collapsedPattern}`;
}
