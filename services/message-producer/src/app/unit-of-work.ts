import type { OutboxEntry } from '@ringdown/database';
import type { Channel } from '../domain/channel';
import type { Conversation } from '../domain/conversation';
import type { Message } from '../domain/message';
import { channelChanged, messageChanged, unreadChanged } from '../domain/messaging-event';
import type { Stores } from '../ports';

/** One transaction: the stores inside it, and what it will have to tell when it commits. */
export class UnitOfWork {
  private readonly entries: OutboxEntry[] = [];
  private toDeliver = false;

  constructor(
    readonly stores: Stores,
    /** Unix milliseconds; the same throughout the transaction. */
    readonly nowMs: number,
  ) {}

  /** The caller holds the channel. */
  channelChanged(channel: Channel): void {
    this.entries.push(channelChanged(channel, this.nowMs));
  }

  /** The caller holds the conversation. */
  messageChanged(conversation: Conversation, message: Message): void {
    this.entries.push(messageChanged(conversation, message, this.nowMs));
  }

  /** The caller holds the conversation. */
  unreadChanged(conversation: Conversation): void {
    this.entries.push(unreadChanged(conversation, this.nowMs));
  }

  /** Hands a message to the deliverers of all processes. */
  async deliver(message: Message, channelId: string): Promise<void> {
    await this.stores.deliveries.add(message, channelId, this.nowMs);
    this.toDeliver = true;
  }

  get outbox(): readonly OutboxEntry[] {
    return this.entries;
  }

  get hasDeliveries(): boolean {
    return this.toDeliver;
  }
}
