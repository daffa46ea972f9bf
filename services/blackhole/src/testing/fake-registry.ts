import { deferred, newId, type Deferred } from '@ringdown/core';
import { handle, type Broker } from '@ringdown/broker';
import {
  decodeEvent,
  snapshotChannels,
  type ChannelState,
  type ChannelsSnapshot,
  type WireMessage,
} from '@ringdown/contracts';
import { onTeardown } from '@ringdown/testing';

interface FakeCall {
  readonly accountId: string | undefined;
  readonly callId: string;
  /** The name of every event folded, oldest first. */
  readonly events: string[];
}

/**
 * A registry that folds what it hears on a feed of its own and answers behind a fence, as the real one does from the log.
 * It counts the events of a call (`custom_application_vars.events`) and keeps those that ended, so that a test can tell
 * exactly which events an answer contains.
 */
export class FakeRegistry {
  /** Runs before the fence, and between the look at the state and the answer; may wait or throw. */
  beforeFence: () => Promise<void> = () => Promise.resolve();
  beforeAnswer: () => Promise<void> = () => Promise.resolve();
  windowMs = 60_000;
  /** Accounts asked for. */
  readonly questions: string[] = [];
  private readonly calls = new Map<string, FakeCall>();
  private readonly ids: { readonly accountId: string | undefined; readonly id: string }[] = [];
  private readonly fences = new Map<string, Deferred>();
  private offset = 0;

  /** Messages read. */
  get read(): number {
    return this.offset;
  }

  private constructor(private readonly broker: Broker) {}

  static async start(broker: Broker): Promise<FakeRegistry> {
    const registry = new FakeRegistry(broker);
    await broker.start();
    onTeardown(() => broker.stop());
    const feed = await broker.openFeed(
      { name: 'fold', maxLength: 1_000_000 },
      { onMessage: (message) => registry.fold(message), onGap: () => undefined },
    );
    await feed.bind('call', '#');
    await broker.serve([handle(snapshotChannels, ({ account_id }) => registry.answer(account_id))]);
    return registry;
  }

  stop(): Promise<void> {
    return this.broker.stop();
  }

  private fold(message: WireMessage): void {
    this.offset += 1;
    this.fences.get(message.routingKey)?.resolve();
    const decoded = decodeEvent(message);
    if (!decoded.ok) return;
    const { accountId, body, messageId, name } = decoded.event;
    if (messageId !== undefined) this.ids.push({ accountId, id: messageId });
    const callId = String(body['call_id']);
    const key = `${accountId} ${callId}`;
    const call = this.calls.get(key) ?? { accountId, callId, events: [] };
    this.calls.set(key, call);
    call.events.push(name);
  }

  private async answer(account: string): Promise<ChannelsSnapshot> {
    this.questions.push(account);
    await this.beforeFence();
    await this.fence();
    const isAsked = (accountId: string | undefined): boolean => account === '*' || accountId === account;
    const answer: ChannelsSnapshot = {
      channels: [...this.calls.values()].filter(({ accountId }) => isAsked(accountId)).map(stateOf),
      offset: this.offset,
      contained: this.ids.filter(({ accountId }) => isAsked(accountId)).map(({ id }) => id),
      window_ms: this.windowMs,
    };
    await this.beforeAnswer();
    return answer;
  }

  private async fence(): Promise<void> {
    const routingKey = `_fence.${newId()}`;
    const read = deferred();
    this.fences.set(routingKey, read);
    await this.broker.publish({ exchange: 'call', routingKey, body: Buffer.from('{}') });
    await read.promise;
    this.fences.delete(routingKey);
  }
}

function stateOf({ accountId, callId, events }: FakeCall): ChannelState {
  return {
    call_id: callId,
    answered: events.includes('CHANNEL_ANSWER'),
    on_hold: false,
    created: 63_900_000_000,
    custom_application_vars: { events: events.length },
    ...(accountId === undefined
      ? {}
      : { account_id: accountId, custom_channel_vars: { account_id: accountId } }),
  };
}
