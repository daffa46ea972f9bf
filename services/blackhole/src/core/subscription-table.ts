import { TopicTrie } from '@ringdown/core';
import type { ClientBinding, IncomingEvent } from '@ringdown/contracts';
import type { Dialect, Variant } from './dialect';

/** The account of a subscription that gets every account's events, and those of none. */
export const ALL_ACCOUNTS = '*';

/** All members with the same binding text for the same account in the same protocol and variant: they get the same frame. */
export interface SubscriptionGroup<Member> {
  readonly dialect: Dialect;
  readonly binding: ClientBinding;
  /** Exactly one account, or {@link ALL_ACCOUNTS}. */
  readonly accountId: string;
  readonly variant: Variant | undefined;
  readonly members: ReadonlySet<Member>;
}

interface OwnGroup<Member> extends SubscriptionGroup<Member> {
  readonly members: Set<Member>;
}

/**
 * Who gets which event. Grouped by account first: an event is looked up among the subscriptions for exactly its account
 * and those for all accounts, so another account's subscription cannot match by any pattern.
 */
export class SubscriptionTable<Member> {
  private readonly groups = new Map<string, OwnGroup<Member>>();
  /** Exchange and account -> patterns. */
  private readonly tries = new Map<string, TopicTrie<OwnGroup<Member>>>();
  private memberships = 0;

  /** Memberships: one per member and binding. */
  get size(): number {
    return this.memberships;
  }

  get groupCount(): number {
    return this.groups.size;
  }

  /** Accounts with subscriptions, per exchange. */
  get scopeCount(): number {
    return this.tries.size;
  }

  /** Returns the group the member is in now. */
  add(
    dialect: Dialect,
    binding: ClientBinding,
    accountId: string,
    member: Member,
    variant?: Variant,
  ): SubscriptionGroup<Member> {
    const key = groupKey(dialect, binding.text, accountId, variant);
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { dialect, binding, accountId, variant, members: new Set() };
      this.groups.set(key, group);
      const trie = this.trieOf(binding.exchange, accountId);
      for (const pattern of binding.patterns) trie.add(pattern, group);
    }
    if (!group.members.has(member)) {
      group.members.add(member);
      this.memberships += 1;
    }
    return group;
  }

  find(
    dialect: Dialect,
    binding: ClientBinding,
    accountId: string,
    variant?: Variant,
  ): SubscriptionGroup<Member> | undefined {
    return this.groups.get(groupKey(dialect, binding.text, accountId, variant));
  }

  delete(
    dialect: Dialect,
    binding: ClientBinding,
    accountId: string,
    member: Member,
    variant?: Variant,
  ): void {
    const key = groupKey(dialect, binding.text, accountId, variant);
    const group = this.groups.get(key);
    if (!group?.members.delete(member)) return;
    this.memberships -= 1;
    if (group.members.size > 0) return;
    this.groups.delete(key);
    const trieKey = scopeKey(group.binding.exchange, accountId);
    const trie = this.tries.get(trieKey);
    for (const pattern of group.binding.patterns) trie?.delete(pattern, group);
    if (trie?.size === 0) this.tries.delete(trieKey);
  }

  /** The groups the event is for, each once. */
  match(event: IncomingEvent): SubscriptionGroup<Member>[] {
    const found = this.lookUp(event, ALL_ACCOUNTS);
    // An account called `*` does not exist; an event that claims it must not find the subscriptions for all twice.
    if (event.accountId === undefined || event.accountId === ALL_ACCOUNTS) return found;
    const own = this.lookUp(event, event.accountId);
    return found.length === 0 ? own : own.concat(found);
  }

  private lookUp(event: IncomingEvent, accountId: string): OwnGroup<Member>[] {
    const groups = this.tries.get(scopeKey(event.family, accountId))?.match(event.routingKey) ?? [];
    if (groups.length === 0) return groups;
    // A binding may have two patterns (an id encoded and not) that both match.
    const unique = groups.length === 1 ? groups : [...new Set(groups)];
    return unique.filter((group) => group.binding.filter === undefined || group.binding.filter(event));
  }

  private trieOf(exchange: string, accountId: string): TopicTrie<OwnGroup<Member>> {
    const key = scopeKey(exchange, accountId);
    let trie = this.tries.get(key);
    if (trie === undefined) this.tries.set(key, (trie = new TopicTrie()));
    return trie;
  }
}

function groupKey(dialect: Dialect, text: string, accountId: string, variant: Variant | undefined): string {
  const key = `${dialect.name}\n${accountId}\n${text}`;
  return variant === undefined ? key : `${key}\n${variant.key}`;
}

function scopeKey(exchange: string, accountId: string): string {
  return `${exchange}\n${accountId}`;
}
