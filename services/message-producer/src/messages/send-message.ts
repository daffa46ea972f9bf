import type { RequestContext } from '@ringdown/broker';
import type { DeliveryState, MessagingMessage } from '@ringdown/contracts';
import type { Writer } from '../app/writer';
import { contentText, messageView, type Message } from '../domain/message';
import { nextMessageId } from '../domain/uuid';
import type { Stores } from '../ports';
import { requireConnected } from './receive';

/** Messages of users of this system: taken, and asked after. */
export class SendMessage {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  /** Errors: `not_found`, `forbidden` (channel disconnected), `too_large`. */
  async run(
    request: {
      readonly account_id: string;
      readonly conversation_id: string;
      readonly message: unknown;
      readonly user_id?: string | undefined;
    },
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<MessagingMessage> {
    const content = contentText(request.message);
    const { account_id: accountId, conversation_id: conversationId, user_id: senderId } = request;
    const asked = ['messages.send', accountId, conversationId, senderId ?? null, content];
    const identity = { keys: [context.requestId], asked };
    return this.writer.once(identity, async (unit) => {
      const { stores, nowMs } = unit;
      const held = await stores.conversations.hold(accountId, conversationId);
      requireConnected(await stores.channels.get(accountId, held.channelId));
      const message: Message = {
        id: nextMessageId(held.lastMessageId, nowMs),
        conversationId,
        content,
        deliveryState: 'PENDING',
        senderType: 'app_user',
        senderId,
        sourceMessageId: undefined,
        sentAt: nowMs,
      };
      await stores.messages.insert(message);
      await stores.conversations.update({ ...held, lastMessageId: message.id });
      unit.messageChanged(held, message);
      await unit.deliver(message, held.channelId);
      return messageView(message);
    });
  }

  /** Errors: `not_found`. */
  async delivery(request: { readonly account_id: string; readonly message_id: string }): Promise<{
    message_id: string;
    delivery_state: DeliveryState;
    attempts: number;
    reason?: string;
  }> {
    const { state, attempts, reason } = await this.stores.deliveries.status(
      request.account_id,
      request.message_id,
    );
    return {
      message_id: request.message_id,
      delivery_state: state,
      attempts,
      ...(reason === undefined ? {} : { reason }),
    };
  }
}
