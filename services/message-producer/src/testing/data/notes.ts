import {
  createTag,
  deleteTag,
  getConversation,
  listTags,
  removeMetadata,
  setMetadata,
  tagConversation,
  untagConversation,
  updateTag,
} from '@ringdown/contracts';
import type { DataFixture } from './fixture';

/** Metadata and tags. */
export function notes(suite: DataFixture): void {
  const { ask, visit } = suite;

  describe('notes on conversations', () => {
    it('are metadata by levels, of which some show in the contact', async () => {
      const { conversation_id } = await visit();
      const set = (key: string, value: string | number | boolean) =>
        ask(setMetadata, { account_id: suite.account_id, conversation_id, key, value });
      const info = () => ask(getConversation, { account_id: suite.account_id, conversation_id });
      expect((await info()).contact).toEqual({
        display_name: `Chat plugin ${conversation_id.slice(-5)}`,
        avatar_url: null,
        info: {},
      });

      await set('contact.display_name', 'Ann');
      await set('contact.city', 'Berlin');
      await set('order', 'x');
      await set('order.id', 7);
      await set('order.open', true);

      expect(await info()).toMatchObject({
        contact: { display_name: 'Ann', info: { city: 'Berlin' } },
        metadata: { order: { id: 7, open: true } },
      });
      await ask(removeMetadata, { account_id: suite.account_id, conversation_id, key: 'order' });
      await ask(removeMetadata, { account_id: suite.account_id, conversation_id, key: 'order' });
      expect((await info()).metadata).toEqual({ contact: { display_name: 'Ann', city: 'Berlin' } });
      for (const key of ['', 'a..b', '__proto__', 'a.__proto__.b', 'a b']) {
        await expect(set(key, 1)).rejects.toMatchObject({ code: 'validation_failed' });
      }
    });

    it('are tags, made, changed, set, taken off and deleted', async () => {
      const { conversation_id } = await visit();
      const red = await ask(createTag, { account_id: suite.account_id, name: 'urgent', color: 'tag-red' });
      const blue = await ask(createTag, { account_id: suite.account_id, name: 'cool', color: 'tag-blue' });
      const tags = async () =>
        (await ask(getConversation, { account_id: suite.account_id, conversation_id })).tags;
      const on = (tag_id: string) =>
        ask(tagConversation, { account_id: suite.account_id, conversation_id, tag_id });

      for (const { id } of [red, red, blue]) await on(id);
      expect(await tags()).toEqual([red.id, blue.id].sort());
      await ask(untagConversation, { account_id: suite.account_id, conversation_id, tag_id: red.id });
      await ask(untagConversation, { account_id: suite.account_id, conversation_id, tag_id: red.id });
      expect(await tags()).toEqual([blue.id]);
      expect(await ask(updateTag, { account_id: suite.account_id, id: red.id, name: 'calm' })).toEqual({
        ...red,
        name: 'calm',
      });
      expect(await ask(listTags, { account_id: suite.account_id })).toEqual({
        tags: [{ ...red, name: 'calm' }, blue],
      });
      await ask(deleteTag, { account_id: suite.account_id, id: blue.id });
      expect(await tags()).toEqual([]);
      await expect(on(blue.id)).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}
