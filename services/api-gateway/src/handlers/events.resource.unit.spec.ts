import { decodeEvent, eventSamples, type WireMessage } from '@ringdown/contracts';
import { CHILD, PARENT, ROOT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

describe('events', () => {
  const published: WireMessage[] = [];
  let close: () => Promise<void>;

  beforeEach(async () => {
    published.length = 0;
    const listener = fixture.hub.connect({ service: 'spec' });
    await listener.start();
    const feed = await listener.openFeed(
      { name: 'all', maxLength: 1000 },
      { onMessage: (message) => void published.push(message), onGap: () => undefined },
    );
    for (const family of ['call', 'conference', 'fax', 'object', 'messaging']) await feed.bind(family, '#');
    close = () => listener.stop();
  });

  afterEach(() => close());

  const send = (data: unknown, token = 'admin', path = account) =>
    fixture.call('POST', `${path}/events`, { token, data });

  async function received(): Promise<WireMessage> {
    while (published.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return published.shift()!;
  }

  it('are published under their routing key, in the account of the URL whatever the body says', async () => {
    const { status, envelope } = await send({
      routing_key: 'call.CHANNEL_CREATE.a1',
      body: { call_id: 'a1', account_id: ROOT, custom_channel_vars: { account_id: ROOT, owner_id: 'o' } },
    });

    expect(status).toBe(202);
    const message = await received();
    expect(message).toMatchObject({
      exchange: 'call',
      routingKey: 'call.CHANNEL_CREATE.a1',
      headers: { account_id: PARENT },
      type: 'CHANNEL_CREATE',
    });
    expect(JSON.parse(message.body.toString())).toMatchObject({
      call_id: 'a1',
      account_id: PARENT,
      custom_channel_vars: { account_id: PARENT, owner_id: 'o' },
    });
    expect(message.messageId).toBe((envelope['data'] as { message_id: string }).message_id);
  });

  it('may be named by family, name and raw ids', async () => {
    const { status, envelope } = await send({
      family: 'call',
      name: 'CHANNEL_ANSWER',
      ids: ['a1@10.0.0.1'],
      body: {},
    });

    expect(status).toBe(202);
    expect(envelope['data']).toMatchObject({ routing_key: 'call.CHANNEL_ANSWER.a1@10%2E0%2E0%2E1' });
    const decoded = decodeEvent(await received());
    expect(decoded).toMatchObject({
      ok: true,
      event: { name: 'CHANNEL_ANSWER', body: { call_id: 'a1@10.0.0.1' } },
    });
  });

  it.each(eventSamples.map(({ draft }) => [draft.routingKey, draft] as const))(
    'of every kind are accepted: %s',
    async (routingKey, draft) => {
      expect((await send({ routing_key: routingKey, body: draft.body })).status).toBe(202);
      expect((await received()).routingKey).toBe(routingKey);
    },
  );

  it('are published for descendants by an API key', async () => {
    const data = { routing_key: 'call.CHANNEL_CREATE.a1', body: {} };

    expect((await send(data, 'api-key', `/v2/accounts/${CHILD}`)).status).toBe(202);
    expect((await received()).headers['account_id']).toBe(CHILD);
  });

  it.each<[string, object, string]>([
    ['the control plane', { routing_key: 'control.token_revoked', body: {} }, 'routing_key'],
    ['the fences of the log', { routing_key: '_fence.1', body: {} }, 'routing_key'],
    ['a fence inside a family', { routing_key: 'call._fence.1', body: {} }, 'routing_key'],
    ['an unknown event', { routing_key: 'call.CHANNEL_EXPLODE.a1', body: {} }, 'routing_key'],
    ['no id', { routing_key: 'call.CHANNEL_CREATE', body: {} }, 'routing_key'],
    ['a wildcard for an id', { routing_key: 'call.CHANNEL_CREATE.*', body: {} }, 'routing_key'],
    ['a key too long', { routing_key: `call.CHANNEL_CREATE.${'x'.repeat(300)}`, body: {} }, 'routing_key'],
    ['no name at all', { body: {} }, 'data'],
    [
      'two names',
      { routing_key: 'call.CHANNEL_CREATE.a', family: 'call', name: 'X', ids: ['1'], body: {} },
      'data',
    ],
    ['a family without name', { family: 'call', body: {} }, 'data'],
    ['an unknown family', { family: 'control', name: 'alive', ids: ['x'], body: {} }, 'family'],
    ['no body', { routing_key: 'call.CHANNEL_CREATE.a1' }, 'body'],
    ['a body that is no object', { routing_key: 'call.CHANNEL_CREATE.a1', body: [] }, 'body'],
    [
      'a known field of the wrong type',
      { routing_key: 'call.CHANNEL_CREATE.a1', body: { call_id: 1 } },
      'body',
    ],
  ])('refuse %s', async (_name, data, field) => {
    const { status, envelope } = await send(data);

    expect(status).toBe(400);
    expect(envelope['data']).toHaveProperty([field]);
    expect(published).toEqual([]);
  });

  it('with multi-byte ids that make the key too long for AMQP are refused, not lost', async () => {
    const { status } = await send({ routing_key: `call.CHANNEL_CREATE.${'é'.repeat(200)}`, body: {} });

    expect(status).toBe(400);
  });
});
