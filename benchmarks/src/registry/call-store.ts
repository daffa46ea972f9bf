import { ChannelRegistry } from '@ringdown/channels';
import type { WireMessage } from '@ringdown/contracts';

/** Something that takes call events and lists an account's live channels. */
export interface CallStore {
  readonly size: number;
  apply(offset: number, message: WireMessage): void;
  list(accountId: string): readonly unknown[];
}

/** The registry as a replica of `channels` has it. */
class RegistryStore implements CallStore {
  private readonly registry = new ChannelRegistry();

  get size(): number {
    return this.registry.size;
  }

  apply(offset: number, message: WireMessage): void {
    this.registry.apply({ offset, message });
  }

  list(accountId: string): readonly unknown[] {
    return Array.from(
      this.registry.list(accountId, () => true),
      (channel) => channel.toState(),
    );
  }
}

/**
 * The least that could be called a registry: the parsed body of each call's last event in a Map. No order, no late
 * events, no owners, no index: a list looks at everything.
 */
class PlainMap implements CallStore {
  private readonly bodies = new Map<string, Readonly<Record<string, unknown>>>();

  get size(): number {
    return this.bodies.size;
  }

  apply(_offset: number, message: WireMessage): void {
    const body = JSON.parse(message.body.toString('utf8')) as Readonly<Record<string, unknown>>;
    const id = body['call_id'] as string;
    if (body['event_name'] === 'CHANNEL_DESTROY') this.bodies.delete(id);
    else this.bodies.set(id, body);
  }

  list(accountId: string): readonly unknown[] {
    return [...this.bodies.values()].filter(
      (body) => (body['custom_channel_vars'] as { account_id?: string }).account_id === accountId,
    );
  }
}

export const callStores: Readonly<Record<string, () => CallStore>> = {
  registry: () => new RegistryStore(),
  'plain Map': () => new PlainMap(),
};
