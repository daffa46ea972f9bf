import { CHAT_PLUGIN, type MessagingChannel, type VisitorSession } from '@ringdown/contracts';
import { AppError, newId } from '@ringdown/core';
import type { UseCases } from '../handlers/operations';
import { POP_UP, SITE, TAGS, type TagName, type Visitor } from './cast';
import type { Action } from './scenes';
import type { Stage } from './stage';

export interface StageParts {
  readonly use: UseCases;
  /** Id of the root account. Errors: `unavailable`, `timeout`, `not_found`. */
  readonly rootAccount: () => Promise<string>;
  /** Forgets what is too old of a conversation. */
  readonly trim: (accountId: string, conversationId: string) => Promise<void>;
}

/** What {@link RootAccountStage.prepare} found or made. */
interface Props {
  readonly accountId: string;
  readonly site: MessagingChannel;
  readonly popUp: MessagingChannel;
  readonly tagIds: ReadonlyMap<string, string>;
}

type Place = typeof SITE | typeof POP_UP;

/** Plays in the root account, through the use cases that requests go through. */
export class RootAccountStage implements Stage {
  private props: Props | undefined;
  private readonly sessions = new Map<string, { token: string; session: VisitorSession }>();

  constructor(private readonly parts: StageParts) {}

  async prepare(): Promise<void> {
    const accountId = this.props?.accountId ?? (await this.parts.rootAccount());
    const { data } = await this.parts.use.channels.list({ account_id: accountId, source: CHAT_PLUGIN });
    const channel = async (place: Place): Promise<MessagingChannel> =>
      data.find(({ source_channel_id: id }) => id === place.sourceChannelId) ??
      (await this.connect(accountId, place, newId()));
    this.props = {
      accountId,
      site: await channel(SITE),
      popUp: await channel(POP_UP),
      tagIds: await this.tags(accountId),
    };
  }

  async perform(action: Action, requestId: string): Promise<void> {
    const { use } = this.parts;
    const { accountId: account_id, site, popUp } = this.prepared();
    switch (action.kind) {
      case 'arrive':
        this.sessions.set(action.visitor.key, await use.visitors.admit(site.id, action.visitor.key));
        return;
      case 'write': {
        const { token } = this.sessionOf(action.visitor);
        await use.visitors.send({ token, message: { text: action.text } }, { requestId });
        return;
      }
      case 'introduce':
        return this.introduce(action.visitor);
      case 'read':
        await use.conversations.read(this.conversation(action.visitor), { requestId });
        return;
      case 'answer': {
        const request = { ...this.conversation(action.visitor), message: { text: action.text } };
        await use.sendMessage.run(request, { requestId });
        return;
      }
      case 'tag':
        await use.tags.attach({ ...this.conversation(action.visitor), tag_id: this.tagId(action.tag) });
        return;
      case 'untag':
        await use.tags.detach({ ...this.conversation(action.visitor), tag_id: this.tagId(action.tag) });
        return;
      case 'leave': {
        await this.parts.trim(account_id, this.conversation(action.visitor).conversation_id);
        this.sessions.delete(action.visitor.key);
        return;
      }
      case 'close':
        await use.channels.disconnect({ account_id, channel_id: popUp.id }, { requestId });
        return;
      case 'reopen':
        await this.connect(account_id, POP_UP, requestId);
        return;
    }
  }

  /** Once in the life of a conversation: what a user changes about its contact later stays. */
  private async introduce(visitor: Visitor): Promise<void> {
    const { conversations } = this.parts.use;
    const place = this.conversation(visitor);
    const { metadata } = await conversations.info(place);
    if (metadata['simulated'] === true) return;
    await conversations.setMetadata({ ...place, key: 'contact.display_name', value: visitor.name });
    await conversations.setMetadata({ ...place, key: 'simulated', value: true });
  }

  private async connect(account_id: string, place: Place, requestId: string): Promise<MessagingChannel> {
    const { sourceChannelId: source_channel_id, name } = place;
    const request = { account_id, source: CHAT_PLUGIN, source_channel_id, name };
    return (await this.parts.use.channels.connect(request, { requestId })).channel;
  }

  private async tags(account_id: string): Promise<Map<string, string>> {
    const { tags } = this.parts.use;
    const known = (await tags.list({ account_id })).tags;
    const ids = new Map(known.map(({ name, id }) => [name, id]));
    for (const tag of TAGS) {
      if (ids.has(tag.name)) continue;
      ids.set(tag.name, (await tags.create({ account_id, ...tag }, { requestId: newId() })).id);
    }
    return ids;
  }

  private conversation(visitor: Visitor): { account_id: string; conversation_id: string } {
    const { account_id, conversation_id } = this.sessionOf(visitor).session;
    return { account_id, conversation_id };
  }

  private sessionOf(visitor: Visitor): { token: string; session: VisitorSession } {
    const known = this.sessions.get(visitor.key);
    if (!known) throw new AppError('not_found', `${visitor.name} is not here`);
    return known;
  }

  private tagId(name: TagName): string {
    const id = this.prepared().tagIds.get(name);
    if (id === undefined) throw new AppError('not_found', `no tag ${name}`);
    return id;
  }

  private prepared(): Props {
    if (!this.props) throw new AppError('unavailable', 'the stage is not prepared');
    return this.props;
  }
}
