import { randomUUID } from 'node:crypto';
import type { RequestContext } from '@ringdown/broker';
import type { MessagingTag } from '@ringdown/contracts';
import type { Writer } from '../app/writer';
import { tagView, type Tag } from '../domain/tag';
import type { Stores } from '../ports';

interface OfAccount {
  readonly account_id: string;
}
interface OnConversation extends OfAccount {
  readonly conversation_id: string;
  readonly tag_id: string;
}
type Context = Pick<RequestContext, 'requestId'>;
type Nothing = Record<string, never>;

/** Tags of an account, and which conversations bear them. */
export class Tags {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  async create(
    request: OfAccount & { readonly name: string; readonly color: string },
    context: Context,
  ): Promise<MessagingTag> {
    return this.writer.once({ keys: [context.requestId], asked: ['tags.create', request] }, async (unit) => {
      const { account_id: accountId, name, color } = request;
      const tag: Tag = { id: randomUUID(), accountId, name, color };
      await unit.stores.tags.insert(tag, unit.nowMs);
      return tagView(tag);
    });
  }

  async list(request: OfAccount): Promise<{ tags: readonly MessagingTag[] }> {
    return { tags: (await this.stores.tags.list(request.account_id)).map(tagView) };
  }

  /** Errors: `not_found`. */
  async update(
    request: OfAccount & {
      readonly id: string;
      readonly name?: string | undefined;
      readonly color?: string | undefined;
    },
  ): Promise<MessagingTag> {
    const { name, color } = request;
    const change = { ...(name === undefined ? {} : { name }), ...(color === undefined ? {} : { color }) };
    return this.writer.run(async ({ stores }) =>
      tagView(await stores.tags.update(request.account_id, request.id, change)),
    );
  }

  /** Errors: `not_found`. */
  async delete(request: OfAccount & { readonly id: string }, context: Context): Promise<Nothing> {
    return this.writer.once(
      { keys: [context.requestId], asked: ['tags.delete', request] },
      async ({ stores }) => {
        await stores.tags.delete(request.account_id, request.id);
        return {};
      },
    );
  }

  /** Errors: `not_found` (conversation, tag). */
  async attach(request: OnConversation): Promise<Nothing> {
    return this.writer.run(async ({ stores }) => {
      await stores.conversations.hold(request.account_id, request.conversation_id);
      await stores.tags.hold(request.account_id, request.tag_id);
      await stores.tags.attach(request.conversation_id, request.tag_id);
      return {};
    });
  }

  /** Errors: `not_found` (conversation, tag). */
  async detach(request: OnConversation): Promise<Nothing> {
    return this.writer.run(async ({ stores }) => {
      await stores.conversations.hold(request.account_id, request.conversation_id);
      await stores.tags.hold(request.account_id, request.tag_id);
      await stores.tags.detach(request.conversation_id, request.tag_id);
      return {};
    });
  }
}
