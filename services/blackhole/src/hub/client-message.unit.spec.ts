import { type WsClient, waitUntil, type Frame } from '@ringdown/testing';
import { HEX_64, startHub, type TestHub, welcomeOf } from '../testing/start-hub';

let hub: TestHub;

beforeAll(async () => {
  hub = await startHub();
});

describe('messages of a client', () => {
  let client: WsClient;
  let clientId: string;

  beforeAll(async () => {
    client = await hub.open();
    clientId = welcomeOf(client).client_id;
  });

  const answerTo = async (message: unknown): Promise<Frame> => {
    const before = client.frames.length;
    if (typeof message === 'string') client.sendText(message);
    else client.sendJson(message);
    await waitUntil(() => client.frames.length > before);
    return client.frames[before]!;
  };

  it('health ping is answered with pong, subscribed or not', async () => {
    const pong = await answerTo({ event_type: 'health', message: 'ping', id: 'p-1' });
    expect(Object.keys(pong)).toEqual(['id', 'ref_id', 'event_type', 'timestamp', 'message', 'client_id']);
    expect(pong).toMatchObject({ ref_id: 'p-1', event_type: 'health', message: 'pong', client_id: clientId });
    expect((await answerTo({ type: 'health', message: 'PING' }))['ref_id']).toMatch(HEX_64);
    expect(await answerTo({ event_type: 'health', message: 'ping', id: 7 })).toMatchObject({
      message: 'pong',
    });
  });

  it('system client-id is answered with it', async () => {
    expect(await answerTo({ event_type: 'system', message: 'Client-ID', id: 'c-1' })).toMatchObject({
      ref_id: 'c-1',
      event_type: 'system',
      message: 'client-id',
      body: { 'client-id': clientId },
      client_id: clientId,
    });
    expect(await answerTo({ event_type: 'system', id: 'c-2' })).toMatchObject({
      ref_id: 'c-2',
      event_type: 'system',
      message: 'error',
    });
  });

  it('in binary frames are read, too', async () => {
    const before = client.frames.length;
    client.socket.send(Buffer.from(JSON.stringify({ event_type: 'health', message: 'ping', id: 'bin' })), {
      binary: true,
    });
    await client.waitForFrame(({ ref_id }) => ref_id === 'bin');
    expect(client.frames).toHaveLength(before + 1);
  });

  it.each([
    ['no JSON', '{', /./],
    ['no object', '[1]', /must be a JSON object/],
    ['no type', {}, /^invalid message type $/],
    ['an unknown type', { event_type: 'pdfm' }, /^invalid message type pdfm$/],
    ['a type in another case', { event_type: 'Health', message: 'ping' }, /^invalid message type Health$/],
    ['a type that is no text', { event_type: 5 }, /^invalid message type number$/],
  ])('%s is an error that refers to nothing', async (_what, message, text) => {
    const error = await answerTo(message);
    expect(Object.keys(error)).toEqual(['id', 'event_type', 'timestamp', 'message', 'body']);
    expect(error).toMatchObject({ event_type: 'global', message: 'error' });
    expect((error['body'] as { error: string }).error).toMatch(text);
  });

  it('for a channel that takes none are an error, for an unknown verb silence', async () => {
    expect(await answerTo({ event_type: 'call', id: 'x-1' })).toMatchObject({
      event_type: 'global',
      message: 'error',
      ref_id: 'x-1',
      client_id: clientId,
      body: { error: 'no handlers registered for type call' },
    });
    client.sendJson({ event_type: 'health', message: 'sing', id: 'silent' });
    await answerTo({ event_type: 'health', message: 'ping', id: 'after' });
    expect(client.frames.some(({ ref_id }) => ref_id === 'silent')).toBe(false);
  });

  it('may be anything: rubbish is answered and changes nothing', async () => {
    const rubbish = ['', 'null', '"x"', '1e999', '{"event_type":{}}', '{"event_type":"system","message":[]}'];
    const before = client.frames.length;
    for (const text of rubbish) client.sendText(text);
    await waitUntil(() => client.frames.length >= before + rubbish.length);
    expect(await answerTo({ event_type: 'health', message: 'ping', id: 'alive' })).toMatchObject({
      ref_id: 'alive',
    });
  });
});
