import { TokenCodec } from '@ringdown/auth';
import {
  authenticateVisitor,
  connectMessagingChannel,
  describeVisitor,
  disconnectMessagingChannel,
  getConversation,
  loginUser,
  receiveSourceMessage,
  sendAsVisitor,
  sendMessage,
} from '@ringdown/contracts';
import { AppError, randomHex } from '@ringdown/core';
import { PARENT, USER_ID } from '../testing/fake-directory';
import {
  channel,
  CHANNEL_ID,
  conversation,
  CONVERSATION_ID,
  message,
  onItsWay,
  page,
  pending,
  post,
  serveMessages,
  TAG_ID,
  VISITOR_TOKEN,
} from '../testing/fake-messages';
import { GatewayFixture } from '../testing/gateway-fixture';

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
  await serveMessages(fixture);
});

afterEach(() => fixture.stop());

const ask = async (path: string, body: object = {}) => {
  const { status, text } = await post(fixture, path, body, { token: 'admin' });
  return { status, body: text === '' ? null : (JSON.parse(text) as unknown) };
};

describe('users.login', () => {
  it('gives a token for an e-mail address and a password', async () => {
    const credentials = { email: 'bob@acme.example', password: 'secret' };

    const { status, envelope } = await post(fixture, '/users.login', credentials);

    expect(status).toBe(200);
    expect(envelope).toEqual({
      id: USER_ID,
      first_name: 'Bob',
      last_name: 'Miller',
      token: 'a.new.token',
    });
    expect(fixture.lastAsked).toMatchObject({
      operation: 'identity.login_user',
      payload: { ...credentials, client_ip: '127.0.0.1' },
    });
  });

  it.each<[string, AppError, number, unknown]>([
    ['wrong', new AppError('unauthorized', 'no'), 401, { message: 'invalid credentials' }],
    ['of somebody disabled', new AppError('locked', 'disabled'), 403, { message: 'disabled' }],
    ['tried too often', new AppError('rate_limited', 'slowly'), 429, { message: 'slowly' }],
  ])('credentials that are %s are refused', async (_name, error, status, body) => {
    fixture.fail(loginUser, error);

    const answer = await post(fixture, '/users.login', { email: 'a@b.example', password: 'x' });

    expect({ status: answer.status, body: answer.envelope }).toEqual({ status, body });
  });

  it.each([[{}], [{ email: 'a@b.example' }], [{ email: 1, password: 'x' }], [{ email: '', password: '' }]])(
    '%j is no login: 400',
    async (body) => {
      const { status, envelope } = await post(fixture, '/users.login', body);

      expect({ status, members: Object.keys(envelope) }).toEqual({ status: 400, members: ['message'] });
      expect(fixture.asked).toEqual([]);
    },
  );
});

describe('what is asked and answered', () => {
  const of = { conversation_id: CONVERSATION_ID };
  const tagged = { ...of, tag_id: TAG_ID };
  const tag = { id: TAG_ID, name: 'urgent', color: 'tag-red' };
  const list = (data: unknown): object => ({ data: [data], response_metadata: page });

  it.each<[string, object, string, object, number, unknown]>([
    ['/channels.list', {}, 'channels.list', {}, 200, { data: [channel] }],
    ['/channels.list', { source: 'google' }, 'channels.list', { source: 'google' }, 200, { data: [channel] }],
    [
      '/channels.disconnect',
      { channel_id: CHANNEL_ID },
      'channels.disconnect',
      { channel_id: CHANNEL_ID },
      200,
      {},
    ],
    ['/conversations.list', {}, 'conversations.list', {}, 200, list(conversation)],
    ['/conversations.list', { filters: '', cursor: null }, 'conversations.list', {}, 200, list(conversation)],
    ['/conversations.list', { filters: null, cursor: '' }, 'conversations.list', {}, 200, list(conversation)],
    [
      '/conversations.list',
      { cursor: 'next', page_size: 3 },
      'conversations.list',
      { cursor: 'next', page_size: 3 },
      200,
      list(conversation),
    ],
    ['/conversations.info', of, 'conversations.info', of, 200, conversation],
    ['/conversations.read', of, 'conversations.read', of, 202, {}],
    ['/conversations.mark-read', of, 'conversations.read', of, 204, null],
    ['/conversations.tag', tagged, 'conversations.tag', tagged, 202, {}],
    ['/conversations.untag', tagged, 'conversations.untag', tagged, 202, {}],
    ['/messages.list', of, 'messages.list', of, 200, list(message)],
    [
      '/messages.list',
      { ...of, page_size: 100 },
      'messages.list',
      { ...of, page_size: 100 },
      200,
      list(message),
    ],
    [
      '/metadata.set',
      { ...of, key: 'a.b', value: 'x' },
      'metadata.set',
      { ...of, key: 'a.b', value: 'x' },
      200,
      {},
    ],
    ['/metadata.set', { ...of, key: 'a', value: 0 }, 'metadata.set', { ...of, key: 'a', value: 0 }, 200, {}],
    [
      '/metadata.set',
      { ...of, key: 'a', value: '' },
      'metadata.set',
      { ...of, key: 'a', value: '' },
      200,
      {},
    ],
    ['/metadata.remove', { ...of, key: 'a.b' }, 'metadata.remove', { ...of, key: 'a.b' }, 200, {}],
    [
      '/tags.create',
      { name: 'urgent', color: 'tag-red' },
      'tags.create',
      { name: 'urgent', color: 'tag-red' },
      201,
      { id: TAG_ID },
    ],
    ['/tags.list', {}, 'tags.list', {}, 200, { tags: [tag] }],
    ['/tags.update', { id: TAG_ID, name: 'later' }, 'tags.update', { id: TAG_ID, name: 'later' }, 200, {}],
    ['/tags.delete', { id: TAG_ID }, 'tags.delete', { id: TAG_ID }, 200, {}],
  ])('%s %j', async (path, body, operation, payload, status, answer) => {
    expect(await ask(path, { ...body, nobody_knows: 'this' })).toEqual({ status, body: answer });
    expect(fixture.asked).toHaveLength(1);
    expect(fixture.lastAsked).toMatchObject({ operation });
    expect(fixture.lastAsked.payload).toEqual({ ...payload, account_id: PARENT });
  });

  it.each<[unknown]>([[{ text: 'Hello' }], ['Hello'], [['a', 1]], [0], [false], ['']])(
    'messages.send passes %j to the source as it is and answers with the pending message',
    async (content) => {
      expect(await ask('/messages.send', { ...of, message: content })).toEqual({
        status: 200,
        body: pending,
      });
      expect(fixture.lastAsked.payload).toEqual({
        ...of,
        message: content,
        account_id: PARENT,
        user_id: '2'.repeat(32),
      });
    },
  );

  it('messages.send of an API key has no user', async () => {
    await post(fixture, '/messages.send', { ...of, message: 'x' }, { token: 'api-key' });

    expect(fixture.lastAsked.payload).toEqual({ ...of, message: 'x', account_id: PARENT });
  });

  it.each<[number, AppError]>([
    [404, new AppError('not_found', 'no such conversation')],
    [403, new AppError('forbidden', 'the channel is disconnected')],
    [413, new AppError('too_large', 'the message is too large')],
    [409, new AppError('conflict', 'not now')],
    [503, new AppError('unavailable', 'try again')],
    [504, new AppError('timeout', 'no answer')],
  ])('messages.send answers %i and says what was refused', async (status, error) => {
    fixture.fail(sendMessage, error);

    expect(await ask('/messages.send', { ...of, message: 'x' })).toEqual({
      status,
      body: { message: error.message },
    });
  });

  it.each<[string, object]>([
    ['/channels.list', { source: '../x' }],
    ['/channels.connect', { source: 'facebook' }],
    ['/channels.connect', { source: 'Face Book', source_channel_id: '1' }],
    ['/channels.disconnect', {}],
    ['/conversations.list', { filters: 'display_name:Bob' }],
    ['/conversations.list', { page_size: 0 }],
    ['/conversations.list', { page_size: 101 }],
    ['/conversations.list', { page_size: '20' }],
    ['/conversations.list', { cursor: 7 }],
    ['/conversations.info', {}],
    ['/conversations.info', { conversation_id: {} }],
    ['/conversations.info', { conversation_id: 'x'.repeat(129) }],
    ['/conversations.read', { conversation_id: null }],
    ['/conversations.tag', of],
    ['/messages.list', {}],
    ['/messages.send', of],
    ['/messages.send', { ...of, message: null }],
    ['/metadata.set', { ...of, key: 'a' }],
    ['/metadata.set', { ...of, key: 'a', value: {} }],
    ['/metadata.set', { ...of, key: 'a..b', value: 1 }],
    ['/metadata.set', { ...of, key: 'a.__proto__.b', value: 1 }],
    ['/metadata.remove', of],
    ['/tags.create', { name: 'x' }],
    ['/tags.create', { name: 'x', color: '<script>' }],
    ['/tags.update', { name: 'x' }],
    ['/tags.delete', {}],
    ['/chatplugin.authenticate', {}],
  ])('%s refuses %j before it asks anybody: 400', async (path, body) => {
    const answer = await ask(path, body);

    expect(answer).toEqual({ status: 400, body: { message: expect.any(String) as string } });
    expect(fixture.asked).toEqual([]);
  });

  it('a conversation that is not there is 404', async () => {
    fixture.fail(getConversation, new AppError('not_found', 'no such conversation'));

    expect(await ask('/conversations.info', of)).toEqual({
      status: 404,
      body: { message: 'no such conversation' },
    });
  });
});

describe('connecting a channel', () => {
  const delivery = {
    image_url: 'https://a.example/x.png',
    callback_url: 'https://a.example/in',
    secret: 's'.repeat(16),
  };
  const sources: [string, object, object][] = [
    [
      'chatplugin',
      { name: 'My shop' },
      { source: 'chat_plugin', source_channel_id: 'My shop', name: 'My shop' },
    ],
    [
      'facebook',
      { page_id: 'fb-1', page_token: 'tok', ...delivery },
      { source: 'facebook', source_channel_id: 'fb-1', token: 'tok', ...delivery },
    ],
    [
      'facebook',
      { page_id: 'fb-1', page_token: 'tok', name: 'Page', image_url: null },
      { source: 'facebook', source_channel_id: 'fb-1', token: 'tok', name: 'Page' },
    ],
    [
      'google',
      { gbm_id: 'g-1', name: 'Shop', ...delivery },
      { source: 'google', source_channel_id: 'g-1', name: 'Shop', ...delivery },
    ],
    [
      'twilio.sms',
      { phone_number: '+4930555010', name: 'Desk' },
      { source: 'twilio.sms', source_channel_id: '+4930555010', name: 'Desk' },
    ],
    [
      'twilio.whatsapp',
      { phone_number: '+4930555010', name: 'Desk', ...delivery },
      { source: 'twilio.whatsapp', source_channel_id: '+4930555010', name: 'Desk', ...delivery },
    ],
  ];

  it.each(
    sources.flatMap(([path, ...rest]) => [
      [`/${path}`, ...rest] as const,
      [`/channels.${path}`, ...rest] as const,
    ]),
  )('%s.connect %j', async (path, body, payload) => {
    expect(await ask(`${path}.connect`, body)).toEqual({ status: 200, body: channel });
    expect(fixture.lastAsked.operation).toBe('channels.connect');
    expect(fixture.lastAsked.payload).toEqual({ ...payload, account_id: PARENT });
  });

  it('channels.connect takes any source, with what it needs for delivery', async () => {
    const body = { source: 'viber', source_channel_id: 'v-1', name: 'Viber', token: 'tok', ...delivery };

    expect(await ask('/channels.connect', body)).toEqual({ status: 200, body: channel });
    expect(fixture.lastAsked.payload).toEqual({ ...body, account_id: PARENT });
  });

  it.each([
    ['/chatplugin.connect', {}],
    ['/chatplugin.connect', { name: ' ' }],
    ['/facebook.connect', { page_id: '1' }],
    ['/facebook.connect', { page_token: '1' }],
    ['/facebook.connect', { page_id: '1', page_token: 'line\nbreak' }],
    ['/google.connect', { gbm_id: '1' }],
    ['/google.connect', { gbm_id: '1', name: 'x', callback_url: 'ftp://a.example' }],
    ['/google.connect', { gbm_id: '1', name: 'x', image_url: 'javascript:alert(1)' }],
    ['/twilio.sms.connect', { name: 'x' }],
    ['/twilio.sms.connect', { phone_number: '1', name: 'x', secret: 'short' }],
    ['/channels.twilio.whatsapp.connect', { phone_number: '1' }],
  ])('%s refuses %j: 400', async (path, body) => {
    expect((await ask(path, body)).status).toBe(400);
    expect(fixture.asked).toEqual([]);
  });

  it('shows the secret that was made for it, this once', async () => {
    fixture.answer(connectMessagingChannel, () => ({ channel, secret: 'made just now' }));

    const { body } = await ask('/twilio.sms.connect', { phone_number: '+4930555010', name: 'Desk' });

    expect(body).toEqual({ ...channel, secret: 'made just now' });
  });

  it.each([
    ['chatplugin', 'chat_plugin'],
    ['facebook', 'facebook'],
    ['google', 'google'],
    ['twilio.sms', 'twilio.sms'],
    ['twilio.whatsapp', 'twilio.whatsapp'],
  ])('%s.disconnect ends only a channel of that source', async (path, source) => {
    for (const prefix of [`/${path}`, `/channels.${path}`]) {
      expect(await ask(`${prefix}.disconnect`, { channel_id: CHANNEL_ID })).toEqual({
        status: 200,
        body: {},
      });
      expect(fixture.lastAsked.operation).toBe('channels.disconnect');
      expect(fixture.lastAsked.payload).toEqual({ account_id: PARENT, channel_id: CHANNEL_ID, source });
    }
  });

  it('disconnecting twice is 202, an unknown one 404', async () => {
    fixture.answer(disconnectMessagingChannel, () => ({ already: true }));
    expect(await ask('/channels.disconnect', { channel_id: CHANNEL_ID })).toEqual({ status: 202, body: {} });

    fixture.fail(disconnectMessagingChannel, new AppError('not_found', 'no such channel'));
    expect(await ask('/channels.disconnect', { channel_id: CHANNEL_ID })).toEqual({
      status: 404,
      body: { message: 'no such channel' },
    });
  });
});

describe('the visitor of a chat plugin', () => {
  const visitor = (path: string, body: object = {}, token = VISITOR_TOKEN) =>
    post(fixture, path, body, { token });

  it('comes without a login and gets a token, and what was said', async () => {
    const { status, envelope } = await post(fixture, '/chatplugin.authenticate', { channel_id: CHANNEL_ID });

    expect(status).toBe(200);
    expect(envelope).toEqual({
      token: VISITOR_TOKEN,
      messages: [message],
      channel_id: CHANNEL_ID,
      conversation_id: CONVERSATION_ID,
      expires_at: 1_735_000_000,
    });
    expect(fixture.lastAsked.payload).toEqual({ channel_id: CHANNEL_ID });
  });

  it('comes back with the token it had, and need not remember the channel', async () => {
    await post(fixture, '/chatplugin.authenticate', { resume_token: VISITOR_TOKEN });

    expect(fixture.asked.map(({ operation }) => operation)).toEqual([
      'chat_plugin.session',
      'chat_plugin.authenticate',
    ]);
    expect(fixture.lastAsked.payload).toEqual({ channel_id: CHANNEL_ID, resume_token: VISITOR_TOKEN });
  });

  it('is told so when the channel is not there (404) or the token is not good any more (401)', async () => {
    fixture.fail(authenticateVisitor, new AppError('not_found', 'no such channel'));
    const nowhere = await post(fixture, '/chatplugin.authenticate', { channel_id: CHANNEL_ID });
    fixture.fail(describeVisitor, new AppError('unauthorized', 'expired'));
    const late = await post(fixture, '/chatplugin.authenticate', { resume_token: VISITOR_TOKEN });

    expect([nowhere.status, nowhere.envelope]).toEqual([404, { message: 'no such channel' }]);
    expect([late.status, late.envelope]).toEqual([401, { message: 'invalid credentials' }]);
  });

  it.each([[VISITOR_TOKEN], [`Bearer ${VISITOR_TOKEN}`]])('writes with the token as %s', async (token) => {
    const { status, envelope } = await visitor('/chatplugin.send', { message: { text: 'Hello' } }, token);

    expect({ status, body: envelope }).toEqual({ status: 200, body: message });
    expect(fixture.lastAsked).toMatchObject({ operation: 'chat_plugin.send' });
    expect(fixture.lastAsked.payload).toEqual({ token: VISITOR_TOKEN, message: { text: 'Hello' } });
  });

  it('resumes with the token it has', async () => {
    const { status, envelope } = await visitor('/chatplugin.resumeToken');

    expect({ status, body: envelope }).toEqual({ status: 200, body: { resume_token: VISITOR_TOKEN } });
  });

  it('gets 403 without a body for a token that is none', async () => {
    fixture.fail(sendAsVisitor, new AppError('unauthorized', 'expired'));

    const { status, text } = await visitor('/chatplugin.send', { message: 'x' });

    expect({ status, text }).toEqual({ status: 403, text: '' });
  });

  it('is told so when the account is disabled (403), and when that cannot be found out (503)', async () => {
    const headers = { 'x-ringdown-timestamp': '1', 'x-ringdown-signature': 'x' };
    const all = async () => [
      await visitor('/chatplugin.send', { message: 'x' }),
      await visitor('/chatplugin.resumeToken'),
      await post(fixture, '/chatplugin.authenticate', { channel_id: CHANNEL_ID }),
      await post(fixture, '/chatplugin.authenticate', { resume_token: VISITOR_TOKEN }),
      await post(fixture, '/sources/viber/messages', {}, { headers }),
    ];
    const failing = (error: AppError): void => {
      fixture.fail(sendAsVisitor, error);
      fixture.fail(describeVisitor, error);
      fixture.fail(authenticateVisitor, error);
      fixture.fail(receiveSourceMessage, error);
    };

    failing(new AppError('locked', 'account disabled'));
    for (const { status, envelope } of await all())
      expect([status, envelope]).toEqual([403, { message: 'account disabled' }]);
    failing(new AppError('unavailable', 'authorization unavailable, try again'));
    for (const { status, envelope, headers: answered } of await all()) {
      expect([status, envelope]).toEqual([503, { message: 'authorization unavailable, try again' }]);
      expect(answered.get('retry-after')).toBe('1');
    }
  });

  it.each([[undefined], ['x'.repeat(257)]])('with the token %s nobody is asked: 403', async (token) => {
    const options = token === undefined ? {} : { token };
    const { status, text } = await post(fixture, '/chatplugin.send', { message: 'x' }, options);

    expect({ status, text, asked: fixture.asked }).toEqual({ status: 403, text: '', asked: [] });
  });

  it.each([['/channels.list'], ['/messages.send'], ['/v2/token_auth']])('is nobody at %s', async (path) => {
    const method = path.startsWith('/v2') ? 'GET' : 'POST';
    const { status } = await fixture.call(method, path, { headers: { authorization: VISITOR_TOKEN } });

    expect(status).toBe(path.startsWith('/v2') ? 401 : 403);
    expect(fixture.asked).toEqual([]);
  });

  it('has a token that no check of signed tokens takes for one, whoever signs', () => {
    const codec = new TokenCodec([{ kid: 'k', secret: 's'.repeat(32) }]);

    expect(() => codec.verify(randomHex(64))).toThrow('invalid token');
  });
});

describe('messages of a source', () => {
  const path = '/sources/twilio.sms/messages';
  const signature = 'sha256=0123456789abcdef';
  const headers = { 'x-ringdown-timestamp': '1735000000', 'x-ringdown-signature': signature };
  const text = '{ "channel_id" : "x",\t"message": {"id":"1","content":"\\u00e4 ä 💬"} }\n';

  it('are passed on byte for byte, with when and how they were signed', async () => {
    const { status, envelope } = await fixture.call('POST', path, { body: text, headers });

    expect(status).toBe(200);
    expect(envelope).toEqual({ ...onItsWay, duplicate: false });
    expect(fixture.lastAsked).toMatchObject({ operation: 'sources.message' });
    expect(fixture.lastAsked.payload).toEqual({
      source: 'twilio.sms',
      timestamp: '1735000000',
      signature,
      body: text,
    });
  });

  it('keep a byte order mark, which was signed, too', async () => {
    await fixture.call('POST', path, { body: `\ufeff${text}`, headers });

    expect(fixture.lastAsked.payload['body']).toBe(`\ufeff${text}`);
  });

  it('that are signed wrongly are 401, and it is not said why', async () => {
    fixture.fail(receiveSourceMessage, new AppError('unauthorized', 'too old'));

    const { status, envelope } = await fixture.call('POST', path, { body: text, headers });

    expect({ status, envelope }).toEqual({ status: 401, envelope: { message: 'invalid credentials' } });
  });

  it.each([
    [{}],
    [{ 'x-ringdown-timestamp': '1735000000' }],
    [{ 'x-ringdown-signature': signature }],
    [{ ...headers, 'x-ringdown-timestamp': '1'.repeat(33) }],
    [{ ...headers, 'x-ringdown-signature': 'a'.repeat(257) }],
  ])('that are not signed are 401: %j', async (given) => {
    const { status } = await fixture.call('POST', path, { body: text, headers: given });

    expect({ status, asked: fixture.asked }).toEqual({ status: 401, asked: [] });
  });

  it.each<[string, string | Uint8Array<ArrayBuffer>, Record<string, string>, number]>([
    ['/sources/Not%20A%20Source/messages', text, {}, 400],
    ['/sources/%E0%A4%A/messages', text, {}, 400],
    [path, new Uint8Array([0x7b, 0xff, 0x7d]), {}, 400],
    [path, text, { 'content-type': 'text/xml' }, 415],
    [path, text, { 'content-encoding': 'gzip' }, 415],
    [path, '', {}, 400],
    [path, 'x'.repeat(262_145), {}, 413],
  ])('to %s that cannot be one are refused with %i', async (to, body, more, status) => {
    const answer = await fixture.call('POST', to, { body, headers: { ...headers, ...more } });

    expect(answer.status).toBe(status);
    expect(Object.keys(answer.envelope)).toEqual(['message']);
    expect(fixture.asked).toEqual([]);
  });
});
