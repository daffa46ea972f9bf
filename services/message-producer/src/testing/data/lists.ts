import { listConversations, listMessages } from '@ringdown/contracts';
import type { DataFixture } from './fixture';

/** Pages of conversations and messages. */
export function lists(suite: DataFixture): void {
  const { ask, chatPlugin, visit } = suite;

  describe('lists', () => {
    it('of conversations lead from page to page and back, newest message first', async () => {
      const channel_id = await chatPlugin();
      const visitors: Awaited<ReturnType<typeof visit>>[] = [];
      for (let n = 0; n < 5; n += 1) {
        suite.now += 1;
        visitors.push(await visit(channel_id));
      }
      suite.now += 1;
      await visitors[1]!.say('once more');
      const expected = [1, 4, 3, 2, 0].map((n) => visitors[n]!.conversation_id);
      const page = (cursor?: string | null) =>
        ask(listConversations, { account_id: suite.account_id, page_size: 2, ...(cursor ? { cursor } : {}) });

      const first = await page();
      const second = await page(first.response_metadata.next_cursor);
      const third = await page(second.response_metadata.next_cursor);

      expect([first, second, third].flatMap(({ data }) => data.map(({ id }) => id))).toEqual(expected);
      expect(first.response_metadata).toMatchObject({ previous_cursor: null, total: 5, filtered_total: 5 });
      expect(third.response_metadata.next_cursor).toBeNull();
      expect(await page(third.response_metadata.previous_cursor)).toEqual(second);
      expect((await page(second.response_metadata.previous_cursor)).data).toEqual(first.data);
    });

    it('of messages are newest first', async () => {
      const { say, conversation_id } = await visit();
      for (const n of [1, 2, 3]) await say(n);
      const page = (cursor?: string | null) =>
        ask(listMessages, {
          account_id: suite.account_id,
          conversation_id,
          page_size: 3,
          ...(cursor ? { cursor } : {}),
        });

      const first = await page();
      const second = await page(first.response_metadata.next_cursor);

      expect([...first.data, ...second.data].map(({ content }) => content)).toEqual([
        '3',
        '2',
        '1',
        '{"text":"Hello World"}',
      ]);
      expect(second.response_metadata).toMatchObject({ next_cursor: null, total: 4 });
      expect((await page(second.response_metadata.previous_cursor)).data).toEqual(first.data);
    });

    it('of large messages end early and go on', async () => {
      const { say, conversation_id } = await visit();
      for (let n = 0; n < 40; n += 1) await say('x'.repeat(60_000));

      const first = await ask(listMessages, {
        account_id: suite.account_id,
        conversation_id,
        page_size: 100,
      });
      const second = await ask(listMessages, {
        account_id: suite.account_id,
        conversation_id,
        page_size: 100,
        cursor: first.response_metadata.next_cursor!,
      });

      expect(first.data.length).toBeLessThan(41);
      expect(first.data.length + second.data.length).toBe(41);
    });

    it('refuse cursors that are none', async () => {
      const { conversation_id } = await visit();
      const refused = { code: 'validation_failed', details: { cursor: expect.anything() as unknown } };

      await expect(
        ask(listConversations, { account_id: suite.account_id, cursor: 'x' }),
      ).rejects.toMatchObject(refused);
      await expect(
        ask(listMessages, { account_id: suite.account_id, conversation_id, cursor: 'x' }),
      ).rejects.toMatchObject(refused);
    });
  });
}
