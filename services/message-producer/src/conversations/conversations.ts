import type { RequestContext } from '@ringdown/broker';
import {
  type MessagingConversation,
  type MessagingMessage,
  type MessagingPage,
  type PageRequest,
  type SetMetadataRequest,
} from '@ringdown/contracts';
import type { Writer } from '../app/writer';
import { conversationView, nextUnreadAt } from '../domain/conversation';
import { notFound } from '../domain/errors';
import { messageView } from '../domain/message';
import { withKey, withoutKey } from '../domain/metadata';
import { pageOf, pageStart } from '../domain/page';
import type { Stores } from '../ports';

interface OfConversation {
  readonly account_id: string;
  readonly conversation_id: string;
}
type Context = Pick<RequestContext, 'requestId'>;
type Nothing = Record<string, never>;

/** What is read of conversations, and what is noted on them. */
export class Conversations {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  /** Errors: `validation_failed` (cursor). */
  async list(
    request: PageRequest & { readonly account_id: string },
  ): Promise<MessagingPage<MessagingConversation>> {
    const { from, size } = pageStart(request);
    const found = await this.stores.conversations.list(request.account_id, from, size);
    const { shown, metadata } = pageOf(found, size, {
      position: (detail) => detail.lastMessage.id,
      bytes: (detail) =>
        detail.lastMessage.content.length + JSON.stringify(detail.conversation.metadata).length,
    });
    return { data: shown.map(conversationView), response_metadata: metadata };
  }

  /** Errors: `not_found`. */
  async info(request: OfConversation): Promise<MessagingConversation> {
    return conversationView(await this.stores.conversations.get(request.account_id, request.conversation_id));
  }

  /** Errors: `not_found`, `validation_failed` (cursor). */
  async messages(request: OfConversation & PageRequest): Promise<MessagingPage<MessagingMessage>> {
    const { account_id: accountId, conversation_id: id } = request;
    const { from, size } = pageStart(request);
    if (!(await this.stores.conversations.exists(accountId, id))) throw notFound('conversation');
    const found = await this.stores.messages.list(id, from, size);
    const { shown, metadata } = pageOf(found, size, {
      position: (message) => message.id,
      bytes: (message) => message.content.length,
    });
    return { data: shown.map(messageView), response_metadata: metadata };
  }

  /** Moves the read marker to the last message. Errors: `not_found`. */
  async read(request: OfConversation, context: Context): Promise<Nothing> {
    return this.writer.once(
      { keys: [context.requestId], asked: ['conversations.read', request] },
      async (unit) => {
        const { conversations } = unit.stores;
        const held = await conversations.hold(request.account_id, request.conversation_id);
        const next = {
          ...held,
          readMessageId: held.lastMessageId,
          unreadCount: 0,
          unreadAt: nextUnreadAt(held.unreadAt, unit.nowMs),
        };
        await conversations.update(next);
        unit.unreadChanged(next);
        return {};
      },
    );
  }

  /** Errors: `not_found`, `validation_failed` (too many keys). */
  async setMetadata(request: SetMetadataRequest): Promise<Nothing> {
    return this.writer.run(async ({ stores: { conversations } }) => {
      const held = await conversations.hold(request.account_id, request.conversation_id);
      await conversations.update({ ...held, metadata: withKey(held.metadata, request.key, request.value) });
      return {};
    });
  }

  /** Errors: `not_found`. */
  async removeMetadata(request: OfConversation & { readonly key: string }): Promise<Nothing> {
    return this.writer.run(async ({ stores: { conversations } }) => {
      const held = await conversations.hold(request.account_id, request.conversation_id);
      await conversations.update({ ...held, metadata: withoutKey(held.metadata, request.key) });
      return {};
    });
  }
}
