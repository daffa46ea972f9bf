import {
  createTag,
  deleteTag,
  disconnectMessagingChannel,
  getConversation,
  getDelivery,
  listConversations,
  listMessages,
  listMessagingChannels,
  listTags,
  readConversation,
  removeMetadata,
  sendMessage,
  setMetadata,
  tagConversation,
  untagConversation,
  updateTag,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import type { DataFixture } from './fixture';

/** Accounts among themselves. */
export function isolation(suite: DataFixture): void {
  const { ask, visit } = suite;

  it('shows and changes nothing of another account', async () => {
    const { conversation_id, channel_id, first } = await visit();
    const tag = await ask(createTag, { account_id: suite.account_id, name: 'mine', color: 'tag-red' });
    const eventsBefore = (await suite.h.eventsOf(conversation_id, 2)).length;
    const other = { account_id: newId() };
    const foreignTag = await ask(createTag, { ...other, name: 'theirs', color: 'tag-red' });
    const there = { ...other, conversation_id };
    const attempts = [
      ask(disconnectMessagingChannel, { ...other, channel_id }),
      ask(getConversation, there),
      ask(readConversation, there),
      ask(listMessages, there),
      ask(sendMessage, { ...there, message: 'x' }),
      ask(getDelivery, { ...other, message_id: first.message.id }),
      ask(setMetadata, { ...there, key: 'a', value: 1 }),
      ask(removeMetadata, { ...there, key: 'a' }),
      ask(tagConversation, { ...there, tag_id: foreignTag.id }),
      ask(untagConversation, { ...there, tag_id: foreignTag.id }),
      ask(tagConversation, { account_id: suite.account_id, conversation_id, tag_id: foreignTag.id }),
      ask(updateTag, { ...other, id: tag.id, name: 'x' }),
      ask(deleteTag, { ...other, id: tag.id }),
    ];

    for (const attempt of await Promise.allSettled(attempts)) {
      expect(attempt).toMatchObject({ status: 'rejected', reason: { code: 'not_found' } });
    }
    expect((await ask(listMessagingChannels, other)).data).toEqual([]);
    expect((await ask(listConversations, other)).data).toEqual([]);
    expect((await ask(listTags, other)).tags).toEqual([foreignTag]);
    expect(suite.h.about(conversation_id)).toHaveLength(eventsBefore);
  });
}
