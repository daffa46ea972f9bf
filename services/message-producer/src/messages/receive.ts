import type { SenderType } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { UnitOfWork } from '../app/unit-of-work';
import type { Channel } from '../domain/channel';
import { conversationId, nextUnreadAt, type ContactFacts } from '../domain/conversation';
import type { Message } from '../domain/message';
import { nextMessageId } from '../domain/uuid';

/** A message that came from outside: from a contact, or from the business past this system. */
export interface Received {
  readonly channelId: string;
  readonly accountId: string;
  readonly sourceConversationId: string;
  readonly contact: ContactFacts;
  readonly senderType: Exclude<SenderType, 'app_user'>;
  readonly content: string;
  /** By which a repetition is recognised. */
  readonly sourceMessageId: string | undefined;
  /** Default: now. */
  readonly sentAt: number | undefined;
}

/**
 * Stores it, makes its conversation if it is the first one, and tells: the message, then, when it is a contact's, the
 * unread count. A repetition changes nothing. Errors: `not_found`, `forbidden` (channel disconnected).
 */
export async function receive(
  unit: UnitOfWork,
  received: Received,
): Promise<{ readonly message: Message; readonly duplicate: boolean }> {
  const { stores, nowMs } = unit;
  requireConnected(await stores.channels.get(received.accountId, received.channelId));
  const { accountId, channelId, sourceConversationId, contact, sourceMessageId } = received;
  const id = conversationId(channelId, sourceConversationId);
  const held = await stores.conversations.claim(
    { id, accountId, channelId, sourceConversationId, contact },
    nowMs,
  );
  if (sourceMessageId !== undefined) {
    const earlier = await stores.messages.findBySourceId(id, sourceMessageId);
    if (earlier) return { message: earlier, duplicate: true };
  }
  const message: Message = {
    id: nextMessageId(held.lastMessageId, nowMs),
    conversationId: id,
    content: received.content,
    deliveryState: 'DELIVERED',
    senderType: received.senderType,
    senderId: undefined,
    sourceMessageId,
    sentAt: received.sentAt ?? nowMs,
  };
  await stores.messages.insert(message);
  const unread = received.senderType === 'source_contact';
  const next = {
    ...held,
    lastMessageId: message.id,
    ...(unread ? { unreadCount: held.unreadCount + 1, unreadAt: nextUnreadAt(held.unreadAt, nowMs) } : {}),
  };
  await stores.conversations.update(next);
  unit.messageChanged(next, message);
  if (unread) unit.unreadChanged(next);
  return { message, duplicate: false };
}

export function requireConnected(channel: Pick<Channel, 'connected'>): void {
  if (!channel.connected) throw new AppError('forbidden', 'the channel is disconnected');
}
