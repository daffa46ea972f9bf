import { disconnectMessagingChannel, listMessagingChannels } from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { UUID, type DataFixture } from './fixture';

/** Connected, changed, disconnected, listed. */
export function channels(suite: DataFixture): void {
  const { ask, chatPlugin, connect } = suite;

  describe('channels', () => {
    it('are announced as connected, in the words of the documentation, without account and secrets', async () => {
      const { channel, secret } = await connect({
        source: 'facebook',
        source_channel_id: 'fb-page-id-1',
        name: 'my page 1',
        image_url: 'http://example.org/avatar.jpeg',
        token: 'page-token',
        callback_url: 'https://bridge.example/in',
      });

      const shown = {
        id: expect.stringMatching(UUID) as string,
        name: 'my page 1',
        source: 'facebook',
        source_channel_id: 'fb-page-id-1',
        image_url: 'http://example.org/avatar.jpeg',
      };
      expect(channel).toEqual({ ...shown, connected: true });
      expect(secret).toMatch(/^[0-9a-f]{64}$/);
      const [event] = await suite.h.eventsOf(channel.id, 1);
      expect(event).toMatchObject({
        name: 'channel_connected',
        routingKey: `messaging.channel_connected.${channel.id}`,
        accountId: suite.account_id,
      });
      expect(event?.payload).toEqual(shown);
      const list = await ask(listMessagingChannels, { account_id: suite.account_id });
      expect(list).toEqual({ data: [channel] });
      for (const told of [event?.text, JSON.stringify(list)]) {
        for (const hidden of ['page-token', secret!, 'bridge.example']) expect(told).not.toContain(hidden);
      }
    });

    it('that are known are changed: the same id, the same event, and the secret is not shown again', async () => {
      const first = await connect({ name: 'Desk', image_url: 'https://x.example/1.png' });
      const second = await connect({ name: 'Front desk' });
      const third = await connect();

      expect(second).toEqual({
        channel: { ...first.channel, name: 'Front desk', image_url: 'https://x.example/1.png' },
      });
      expect(third).toEqual(second);
      const events = await suite.h.eventsOf(first.channel.id, 3);
      expect(events.map(({ name, payload }) => [name, payload['name']])).toEqual([
        ['channel_connected', 'Desk'],
        ['channel_connected', 'Front desk'],
        ['channel_connected', 'Front desk'],
      ]);
    });

    it('have ids that depend on account, source and id at the source', async () => {
      const mine = await connect();
      const otherSource = await connect({ source: 'twilio.whatsapp' });
      const otherAccount = await connect({ account_id: newId() });

      expect(new Set([mine, otherSource, otherAccount].map(({ channel }) => channel.id)).size).toBe(3);
    });

    it('leave the image out of event and list when there is none', async () => {
      const { channel } = await connect();

      expect(channel).toEqual({
        id: channel.id,
        name: '+4930555010',
        source: 'twilio.sms',
        source_channel_id: '+4930555010',
        connected: true,
      });
      const [event] = await suite.h.eventsOf(channel.id, 1);
      expect(Object.keys(event?.payload ?? {})).not.toContain('image_url');
    });

    it('are connected once when the request is repeated, and a lost secret is replaced by a new one', async () => {
      const requestId = newId();
      const first = await connect({}, requestId);
      const again = await connect({}, requestId);

      expect(again.channel).toEqual(first.channel);
      expect(again.secret).toMatch(/^[0-9a-f]{64}$/);
      expect(again.secret).not.toBe(first.secret);
      expect(suite.h.about(first.channel.id)).toHaveLength(1);
    });

    it('are disconnected once', async () => {
      const { channel } = await connect();

      expect(
        await ask(disconnectMessagingChannel, { account_id: suite.account_id, channel_id: channel.id }),
      ).toEqual({
        already: false,
      });
      expect(
        await ask(disconnectMessagingChannel, { account_id: suite.account_id, channel_id: channel.id }),
      ).toEqual({
        already: true,
      });
      expect(await ask(listMessagingChannels, { account_id: suite.account_id })).toEqual({ data: [] });
      const { channel: back } = await connect();
      expect(back.id).toBe(channel.id);
      const events = await suite.h.eventsOf(channel.id, 3);
      expect(events.map(({ name }) => name)).toEqual([
        'channel_connected',
        'channel_disconnected',
        'channel_connected',
      ]);
      const { connected: _, ...shown } = channel;
      expect(events[1]?.payload).toEqual(shown);
    });

    it('of one source are listed and disconnected as such', async () => {
      const { channel } = await connect();
      await chatPlugin();

      expect(
        (await ask(listMessagingChannels, { account_id: suite.account_id, source: 'twilio.sms' })).data,
      ).toEqual([channel]);
      await expect(
        ask(disconnectMessagingChannel, {
          account_id: suite.account_id,
          channel_id: channel.id,
          source: 'google',
        }),
      ).rejects.toMatchObject({ code: 'not_found' });
    });

    it.each([
      { source: 'chat_plugin', callback_url: 'https://x.example' },
      { callback_url: 'https://user:word@x.example' },
      { callback_url: 'ftp://x.example' },
      { callback_url: 'nonsense' },
      { source: 'No Source' },
      { source_channel_id: ' ' },
    ])('are refused with %j', async (request) => {
      await expect(connect(request)).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });
}
