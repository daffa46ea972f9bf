import { disconnectMessagingChannel, getDelivery, listMessages, sendMessage } from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { UUID, type DataFixture } from './fixture';

/** What a business says, where nothing has to be delivered. */
export function messagesToVisitors(suite: DataFixture): void {
  const { ask, visit } = suite;

  describe('messages to a visitor', () => {
    it('are taken as PENDING and DELIVERED once committed, under one id', async () => {
      const { conversation_id, channel_id } = await visit();
      const answer = await ask(sendMessage, {
        account_id: suite.account_id,
        conversation_id,
        user_id: 'u1',
        message: { text: 'Hi', nested: [1, { two: null }] },
      });

      expect(answer).toEqual({
        id: expect.stringMatching(UUID) as string,
        content: '{"text":"Hi","nested":[1,{"two":null}]}',
        delivery_state: 'PENDING',
        sender_type: 'app_user',
        sent_at: '2026-02-03T04:05:06.070Z',
      });
      const events = (await suite.h.eventsOf(conversation_id, 4)).slice(2);
      expect(events.map(({ payload }) => payload)).toEqual([
        { conversation_id, channel_id, message: answer },
        { conversation_id, channel_id, message: { ...answer, delivery_state: 'DELIVERED' } },
      ]);
      expect(await ask(getDelivery, { account_id: suite.account_id, message_id: answer.id })).toEqual({
        message_id: answer.id,
        delivery_state: 'DELIVERED',
        attempts: 1,
      });
      const { data } = await ask(listMessages, { account_id: suite.account_id, conversation_id });
      expect(data[0]).toEqual({ ...answer, delivery_state: 'DELIVERED' });
    });

    it('are sent once when the request is repeated', async () => {
      const { conversation_id } = await visit();
      const requestId = newId();
      const request = { account_id: suite.account_id, conversation_id, message: 'x' };

      const answer = await ask(sendMessage, request, { requestId });
      expect(await ask(sendMessage, request, { requestId })).toEqual(answer);

      const { response_metadata } = await ask(listMessages, {
        account_id: suite.account_id,
        conversation_id,
      });
      expect(response_metadata.total).toBe(2);
    });

    it('are refused when the channel is disconnected', async () => {
      const { conversation_id, channel_id } = await visit();
      await ask(disconnectMessagingChannel, { account_id: suite.account_id, channel_id });

      await expect(
        ask(sendMessage, { account_id: suite.account_id, conversation_id, message: 'x' }),
      ).rejects.toMatchObject({
        code: 'forbidden',
      });
    });
  });
}
