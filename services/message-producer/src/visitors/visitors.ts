import { createHash, randomUUID } from 'node:crypto';
import type { RequestContext } from '@ringdown/broker';
import type { MessageEnvelope, MessagingMessage, VisitorSession } from '@ringdown/contracts';
import { AppError, randomHex, type Clock } from '@ringdown/core';
import type { AccountGate } from '../app/account-gate';
import type { Writer } from '../app/writer';
import { isChatPlugin, type Channel } from '../domain/channel';
import { conversationId } from '../domain/conversation';
import { notFound } from '../domain/errors';
import { contentText, messageView } from '../domain/message';
import { DEFAULT_PAGE_SIZE, pageOf } from '../domain/page';
import { receive, requireConnected } from '../messages/receive';
import type { Session, Stores } from '../ports';

/** Tokens are 256 random bits, so a plain hash cannot be reversed by guessing. */
function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Visitors of chat plugins. Their tokens are of a kind of their own, known to this service alone: none of them could be
 * taken for a user's.
 */
export class Visitors {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
    private readonly gate: AccountGate,
    private readonly clock: Clock,
    private readonly ttlS: number,
  ) {}

  /** Errors: `not_found` (channel), `unauthorized` (token to go on with), `locked`, `unavailable`. */
  async authenticate(request: {
    readonly channel_id: string;
    readonly resume_token?: string | undefined;
  }): Promise<{ token: string; session: VisitorSession; messages: readonly MessagingMessage[] }> {
    const channel = await this.siteOf(request.channel_id);
    const resumed = request.resume_token === undefined ? undefined : await this.find(request.resume_token);
    if (resumed && resumed.channelId !== channel.id) throw unknownToken();
    const opened = await this.open(channel, resumed?.sourceConversationId ?? randomUUID());
    const messages = resumed ? await this.newest(opened.session.conversation_id) : [];
    return { ...opened, messages };
  }

  /**
   * For visitors whom this process itself knows by a name, always the same conversation. No request leads here, or one
   * visitor could open another one's conversation. Errors: `not_found` (channel), `locked`, `unavailable`.
   */
  async admit(channelId: string, name: string): Promise<{ token: string; session: VisitorSession }> {
    return this.open(await this.siteOf(channelId), name);
  }

  /** Errors: `unauthorized`, `forbidden` (channel disconnected), `locked`, `unavailable`. */
  async describe(request: { readonly token: string }): Promise<VisitorSession> {
    const session = await this.sessionOf(request.token);
    requireConnected(await this.stores.channels.get(session.accountId, session.channelId));
    return sessionView(session);
  }

  /** Errors: `unauthorized`, `forbidden` (channel disconnected), `too_large`, `locked`, `unavailable`. */
  async send(
    request: { readonly token: string; readonly message: unknown },
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<MessageEnvelope> {
    const content = contentText(request.message);
    const session = await this.sessionOf(request.token);
    const asked = ['chat_plugin.send', session.conversationId, content];
    const identity = { keys: [context.requestId], asked };
    return this.writer.once(identity, async (unit) => {
      const { message } = await receive(unit, {
        channelId: session.channelId,
        accountId: session.accountId,
        sourceConversationId: session.sourceConversationId,
        contact: {},
        senderType: 'source_contact',
        content,
        sourceMessageId: undefined,
        sentAt: undefined,
      });
      return {
        conversation_id: session.conversationId,
        channel_id: session.channelId,
        message: messageView(message),
      };
    });
  }

  /** Of an account that may still do something. */
  private async siteOf(channelId: string): Promise<Channel> {
    const channel = await this.stores.channels.find(channelId);
    if (!channel?.connected || !isChatPlugin(channel)) throw notFound('channel');
    await this.gate.pass(channel.accountId, () => notFound('channel'));
    return channel;
  }

  private async open(
    channel: Channel,
    sourceConversationId: string,
  ): Promise<{ token: string; session: VisitorSession }> {
    const session: Session = {
      accountId: channel.accountId,
      channelId: channel.id,
      conversationId: conversationId(channel.id, sourceConversationId),
      sourceConversationId,
      expiresAt: this.clock() + this.ttlS * 1000,
    };
    const token = randomHex(64);
    await this.stores.sessions.insert(tokenHash(token), session);
    return { token, session: sessionView(session) };
  }

  /** Of an account that may still do something. */
  private async sessionOf(token: string): Promise<Session> {
    const session = await this.find(token);
    await this.gate.pass(session.accountId, unknownToken);
    return session;
  }

  private async find(token: string): Promise<Session> {
    const session = await this.stores.sessions.find(tokenHash(token), this.clock());
    if (!session) throw unknownToken();
    return session;
  }

  private async newest(conversation: string): Promise<readonly MessagingMessage[]> {
    const found = await this.stores.messages.list(conversation, undefined, DEFAULT_PAGE_SIZE);
    const { shown } = pageOf(found, DEFAULT_PAGE_SIZE, {
      position: (message) => message.id,
      bytes: (message) => message.content.length,
    });
    return shown.map(messageView);
  }
}

function unknownToken(): AppError {
  return new AppError('unauthorized', 'the visitor token is unknown or expired');
}

function sessionView(session: Session): VisitorSession {
  return {
    account_id: session.accountId,
    channel_id: session.channelId,
    conversation_id: session.conversationId,
    expires_at: session.expiresAt,
  };
}
