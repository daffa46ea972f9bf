import type { MessagingConversation } from '@ringdown/contracts';
import { messageView, timeText, type Message } from './message';
import { nested, type Metadata } from './metadata';
import { nameId } from './uuid';

/** A conversation's own row, as a writer holds it. */
export interface Conversation {
  readonly id: string;
  readonly accountId: string;
  readonly channelId: string;
  readonly createdAt: number;
  readonly metadata: Metadata;
  /** Undefined only inside the transaction of its first message. */
  readonly lastMessageId: string | undefined;
  /** The last message that was read. */
  readonly readMessageId: string | undefined;
  /** Messages of the contact behind {@link readMessageId}, by id. */
  readonly unreadCount: number;
  /** Time of the last count that was told, Unix milliseconds. */
  readonly unreadAt: number;
}

/** A contact as its source names it. */
export interface ContactFacts {
  readonly displayName?: string | undefined;
  readonly avatarUrl?: string | undefined;
}

/** Everything a reader sees of a conversation. */
export interface ConversationDetail {
  readonly conversation: Conversation;
  readonly channel: { readonly id: string; readonly name: string; readonly source: string };
  readonly contact: ContactFacts;
  readonly tags: readonly string[];
  readonly lastMessage: Message;
}

/** One conversation for each contact of a channel. */
export function conversationId(channelId: string, sourceConversationId: string): string {
  return nameId('conversation', channelId, sourceConversationId);
}

/** Strictly later than the count told before, so that a client can tell which of two counts is the newer one. */
export function nextUnreadAt(previous: number, nowMs: number): number {
  return Math.max(nowMs, previous + 1);
}

export function conversationView(detail: ConversationDetail): MessagingConversation {
  const { conversation, channel, contact } = detail;
  const metadata = nested(conversation.metadata);
  const { display_name, avatar_url, ...info } = (
    typeof metadata['contact'] === 'object' ? metadata['contact'] : {}
  ) as Record<string, unknown>;
  return {
    id: conversation.id,
    created_at: timeText(conversation.createdAt),
    channel: { id: channel.id, name: channel.name, source: channel.source },
    tags: detail.tags,
    contact: {
      display_name: text(display_name) ?? contact.displayName ?? defaultName(channel.source, conversation.id),
      avatar_url: text(avatar_url) ?? contact.avatarUrl ?? null,
      info,
    },
    metadata,
    last_message: messageView(detail.lastMessage),
    unread_message_count: conversation.unreadCount,
  };
}

/** `twilio.sms` and a conversation whose id ends in 4f1e9: `Sms 4f1e9`. */
function defaultName(source: string, id: string): string {
  const word = source.slice(source.lastIndexOf('.') + 1).replaceAll('_', ' ');
  return `${word.charAt(0).toUpperCase()}${word.slice(1)} ${id.slice(-5)}`;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
