import { createHash } from 'node:crypto';
import type { RequestContext } from '@ringdown/broker';
import {
  sourceMessageSchema,
  type MessageEnvelope,
  type SourceMessage,
  type SourceMessageRequest,
} from '@ringdown/contracts';
import { AppError, type Clock, isJsonObject } from '@ringdown/core';
import type { AccountGate } from '../app/account-gate';
import type { Writer } from '../app/writer';
import { contentText, messageView } from '../domain/message';
import { isFresh, isSignedBy } from '../domain/signature';
import { receive } from '../messages/receive';
import type { Stores } from '../ports';

/** What comes in from a source, signed with the secret of its channel. */
export class ReceiveSourceMessage {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
    private readonly gate: AccountGate,
    private readonly clock: Clock,
  ) {}

  /**
   * Errors: `unauthorized`, `locked` (account disabled), `unavailable`, `validation_failed`, `forbidden` (channel
   * disconnected), `too_large`.
   */
  async run(
    request: SourceMessageRequest,
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<MessageEnvelope & { duplicate: boolean }> {
    const body = parsed(request.body);
    const id = isJsonObject(body) ? body['channel_id'] : undefined;
    const channel = typeof id === 'string' ? await this.stores.channels.find(id) : undefined;
    // An unknown channel is checked like a known one, so that the time an answer takes does not tell them apart.
    const secret = channel?.source === request.source ? channel.secret : undefined;
    const signed = isSignedBy(secret ?? NO_SECRET, request) && secret !== undefined;
    if (!channel || !signed || !isFresh(request.timestamp, this.clock())) {
      throw unauthorized();
    }
    await this.gate.pass(channel.accountId, unauthorized);
    const { value, error } = sourceMessageSchema.validate(body, { abortEarly: false });
    if (error) {
      throw new AppError('validation_failed', error.message, {
        details: Object.fromEntries(
          error.details.map((one) => [one.path.join('.'), { [one.type]: { message: one.message } }]),
        ),
      });
    }
    const { message: sent, ...facts } = value as SourceMessage;
    const content = contentText(sent.content);
    const asked = ['sources.message', createHash('sha256').update(request.body).digest('hex')];
    const identity = { keys: [context.requestId], asked };
    return this.writer.once(identity, async (unit) => {
      const { message, duplicate } = await receive(unit, {
        channelId: channel.id,
        accountId: channel.accountId,
        sourceConversationId: facts.source_conversation_id,
        contact: { displayName: facts.contact?.display_name, avatarUrl: facts.contact?.avatar_url },
        senderType: facts.sender_type ?? 'source_contact',
        content,
        sourceMessageId: sent.id,
        sentAt: this.sentAt(sent.sent_at),
      });
      return {
        conversation_id: message.conversationId,
        channel_id: channel.id,
        message: messageView(message),
        duplicate,
      };
    });
  }

  /** Sources say when; the future and other nonsense count as now. */
  private sentAt(text: string | undefined): number | undefined {
    const ms = text === undefined ? NaN : Date.parse(text);
    return ms >= 0 && ms <= this.clock() ? ms : undefined;
  }
}

const NO_SECRET = 'no channel has this secret';

function unauthorized(): AppError {
  return new AppError('unauthorized', 'unknown channel, or the signature does not fit or is too old');
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
