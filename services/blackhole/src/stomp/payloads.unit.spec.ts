import type { IncomingEvent } from '@ringdown/contracts';
import type { RenderableEvent } from '../core/dialect';
import { createPayloads } from './payloads';

const NOW = Date.parse('2026-01-05T12:00:00.000Z');
const EMITTED = Date.parse('2026-01-05T10:00:01.000Z');

let sequence = 0;

function rendered(name: string, body: IncomingEvent['body'], accountId = 'acc'): RenderableEvent {
  const event: IncomingEvent = {
    messageId: 'id',
    family: 'messaging',
    name,
    routingKey: `messaging.${name}.x`,
    accountId,
    timestampMs: EMITTED,
    body: { account_id: accountId, event_category: 'messaging', event_name: name, msg_id: 'x', ...body },
  };
  sequence += 1;
  return { event, sequence, bodyJson: () => JSON.stringify(event.body) };
}

const message = rendered('message', {
  conversation_id: 'conv',
  channel_id: 'chan',
  message: {
    id: 'm',
    content: '{"text":"Hello World"}',
    delivery_state: 'PENDING',
    sender_type: 'source_contact',
    sent_at: '2026-01-05T10:00:00.000Z',
    source: 'facebook',
    metadata: {},
  },
});
const channelBody = {
  id: 'c',
  name: 'my page 1',
  source: 'facebook',
  source_channel_id: 'fb-page-id-1',
  image_url: 'http://example.org/avatar.jpeg',
  token: 'secret',
};
const count = (
  unread: number,
  timestamp?: string,
  conversation = 'conv',
  account?: string,
): RenderableEvent =>
  rendered(
    'unread_count',
    { conversation_id: conversation, unread_message_count: unread, timestamp, other: 1 },
    account,
  );

const make = (lowerCaseStates = false) => createPayloads({ lowerCaseStates, clock: () => NOW });
const timeIn = (json: string): string => (JSON.parse(json) as { timestamp: string }).timestamp;

describe('a message', () => {
  it('has exactly the members of the original', () => {
    expect(make().message(message)).toBe(
      '{"conversation_id":"conv","channel_id":"chan","message":{"id":"m","content":"{\\"text\\":\\"Hello World\\"}",' +
        '"delivery_state":"PENDING","sender_type":"source_contact","sent_at":"2026-01-05T10:00:00.000Z"}}',
    );
  });

  it('has its state in lower case where that is set', () => {
    expect(make(true).message(message)).toContain('"delivery_state":"pending"');
  });

  it('of a foreign publisher may lack anything', () => {
    expect(make().message(rendered('message', {}))).toBe('{"message":{}}');
    expect(make().message(rendered('message', { message: { delivery_state: 1 } }))).toContain('1');
  });
});

describe('a channel', () => {
  it('has exactly the members of the original', () => {
    const { token, ...members } = channelBody;
    expect(token).toBe('secret');
    expect(JSON.parse(make().channel(rendered('channel_connected', channelBody)))).toEqual(members);
  });

  it('has no members without a value', () => {
    const body = { ...channelBody, image_url: null };
    expect(Object.keys(JSON.parse(make().channel(rendered('channel_disconnected', body))) as object)).toEqual(
      ['id', 'name', 'source', 'source_channel_id'],
    );
  });
});

describe('an unread count', () => {
  it('has exactly the members of the original', () => {
    expect(make().unreadCount(count(42, '2026-01-05T10:00:00.000Z'))).toBe(
      '{"conversation_id":"conv","unread_message_count":42,"timestamp":"2026-01-05T10:00:00.000Z"}',
    );
  });

  it('has times that grow with every count of its conversation', () => {
    const { unreadCount } = make();
    const given = [
      '2026-01-05T10:00:00.000Z',
      '2026-01-05T10:00:00.000Z',
      '2026-01-05T09:00:00.000Z',
      '2026-01-05T11:00:00.000Z',
    ];

    expect(given.map((timestamp, index) => timeIn(unreadCount(count(index, timestamp))))).toEqual([
      '2026-01-05T10:00:00.000Z',
      '2026-01-05T10:00:00.001Z',
      '2026-01-05T10:00:00.002Z',
      '2026-01-05T11:00:00.000Z',
    ]);
  });

  it('is not held up by other conversations, or the same one of another account', () => {
    const { unreadCount } = make();
    const time = '2026-01-05T10:00:00.000Z';

    for (const [conversation, account] of [
      ['a', 'acc'],
      ['b', 'acc'],
      ['a', 'other'],
    ] as const) {
      expect(timeIn(unreadCount(count(1, time, conversation, account)))).toBe(time);
    }
  });

  it('has one time for all subscribers', () => {
    const { unreadCount, newer } = make();
    const event = count(1, '2026-01-05T10:00:00.000Z');

    expect(unreadCount(event)).toBe(unreadCount(event));
    expect(JSON.parse(newer(event))).toMatchObject({ timestamp: Date.parse('2026-01-05T10:00:00.000Z') });
  });

  it('never has a time in the future, which would hide the counts behind it', () => {
    expect(timeIn(make().unreadCount(count(1, '2999-01-01T00:00:00.000Z')))).toBe('2026-01-05T12:00:00.000Z');
  });

  it.each([undefined, 'nonsense'])('without a usable time (%s) has that of the event', (timestamp) => {
    expect(timeIn(make().unreadCount(count(1, timestamp)))).toBe('2026-01-05T10:00:01.000Z');
  });

  it('is remembered for a bounded number of conversations', () => {
    const { unreadCount } = make();
    const time = '2026-01-05T10:00:00.000Z';
    for (let id = 0; id <= 10_000; id += 1) unreadCount(count(1, time, `conv-${id}`));

    expect(timeIn(unreadCount(count(2, time, 'conv-10000')))).toBe('2026-01-05T10:00:00.001Z');
    expect(timeIn(unreadCount(count(2, time, 'conv-0')))).toBe(time);
  });
});

describe('the newer form', () => {
  const newer = (event: RenderableEvent): unknown => JSON.parse(make().newer(event));

  it('of a message has its content as a value', () => {
    expect(newer(message)).toEqual({
      type: 'message.created',
      payload: {
        conversation_id: 'conv',
        channel_id: 'chan',
        message: {
          id: 'm',
          content: { text: 'Hello World' },
          delivery_state: 'pending',
          from_contact: true,
          sent_at: '2026-01-05T10:00:00.000Z',
          source: 'facebook',
        },
      },
      timestamp: EMITTED,
    });
  });

  it('of a message whose content is no JSON has it as text', () => {
    expect(newer(rendered('message', { message: { content: 'plain {' } }))).toMatchObject({
      payload: { message: { content: 'plain {', from_contact: false } },
    });
  });

  it('of an unread count is metadata of the conversation', () => {
    expect(newer(count(3, '2026-01-05T10:00:00.000Z'))).toEqual({
      type: 'metadata.updated',
      payload: { subject: 'conversation', identifier: 'conv', metadata: { unread_count: 3 } },
      timestamp: Date.parse('2026-01-05T10:00:00.000Z'),
    });
  });

  it.each([
    ['channel_connected', true],
    ['channel_disconnected', false],
  ])('of %s says whether it is connected', (name, connected) => {
    expect(newer(rendered(name, channelBody))).toEqual({
      type: 'channel.updated',
      payload: {
        id: 'c',
        source: 'facebook',
        source_channel_id: 'fb-page-id-1',
        connected,
        metadata: { name: 'my page 1', image_url: 'http://example.org/avatar.jpeg' },
      },
      timestamp: EMITTED,
    });
  });
});
