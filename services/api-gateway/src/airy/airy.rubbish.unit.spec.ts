import { CHANNEL_ID, CONVERSATION_ID, serveMessages, TAG_ID, VISITOR_TOKEN } from '../testing/fake-messages';
import { GatewayFixture } from '../testing/gateway-fixture';
import { rawExchange } from '../testing/raw-exchange';
import { SeededRandom } from '../testing/seeded-random';

/** Any failure names its seed; put it here to see it again. */
const SEED = 20_261_122;
const REQUESTS = 6_000;
const MAX_BODY_BYTES = 4_096;
/** What README says an answer may be, without those of failing services; 431 is Node's for too many headers. */
const documented = new Set([
  '200',
  '201',
  '202',
  '204',
  '400',
  '401',
  '403',
  '404',
  '405',
  '413',
  '415',
  '431',
]);

const of = { conversation_id: CONVERSATION_ID };
const plausible: readonly (readonly [string, Record<string, unknown>])[] = [
  ['/users.login', { email: 'a@b.example', password: 'x' }],
  ['/channels.list', { source: 'google' }],
  ['/channels.connect', { source: 'viber', source_channel_id: '1', callback_url: 'https://a.example' }],
  ['/channels.disconnect', { channel_id: CHANNEL_ID }],
  ['/chatplugin.connect', { name: 'x' }],
  ['/channels.facebook.connect', { page_id: '1', page_token: 't', image_url: 'https://a.example/x' }],
  ['/twilio.sms.connect', { phone_number: '+4930', name: 'x', secret: 's'.repeat(20) }],
  ['/google.disconnect', { channel_id: CHANNEL_ID }],
  ['/conversations.list', { cursor: 'x', page_size: 20, filters: '' }],
  ['/conversations.info', of],
  ['/conversations.read', of],
  ['/conversations.mark-read', of],
  ['/conversations.tag', { ...of, tag_id: TAG_ID }],
  ['/messages.list', { ...of, cursor: 'x', page_size: 20 }],
  ['/messages.send', { ...of, message: { text: 'x' } }],
  ['/metadata.set', { ...of, key: 'a.b', value: 1 }],
  ['/metadata.remove', { ...of, key: 'a.b' }],
  ['/tags.create', { name: 'x', color: 'tag-red' }],
  ['/tags.update', { id: TAG_ID, name: 'x', color: '#fff' }],
  ['/tags.list', {}],
  ['/chatplugin.authenticate', { channel_id: CHANNEL_ID, resume_token: VISITOR_TOKEN }],
  ['/chatplugin.send', { message: { text: 'x' } }],
  ['/chatplugin.resumeToken', {}],
  ['/sources/viber/messages', { channel_id: CHANNEL_ID, message: { id: '1', content: 'x' } }],
  ['/no.such', {}],
];
const values: readonly unknown[] = [
  null,
  '',
  ' ',
  'x'.repeat(300),
  'x'.repeat(5_000),
  '../../etc/passwd',
  'http://[::1',
  'javascript:alert(1)',
  '\0',
  '\ud800',
  '💬'.repeat(64),
  '\u202e',
  '*',
  '#',
  'a.b.*',
  0,
  -1,
  1e308,
  20.5,
  true,
  [],
  [[[[]]]],
  {},
  { toString: null },
  { constructor: { prototype: { x: 1 } } },
];
const members = ['account_id', 'constructor', 'toString', 'hasOwnProperty', 'data', 'source', 'secret', 'x'];
const headers = [
  'X-Account-ID: ../x',
  `X-Account-ID: ${'a'.repeat(32)}`,
  'X-Account-ID: \u00e9',
  'Content-Type: text/plain',
  'Content-Type: application/x-www-form-urlencoded',
  'Content-Encoding: gzip',
  'Authorization: guess',
  `Authorization: ${'x'.repeat(5_000)}`,
  'Authorization: Bearer',
  'X-Auth-Token: \u00ff',
  'X-Ringdown-Timestamp: NaN',
  `X-Ringdown-Signature: ${'f'.repeat(1_000)}`,
  'traceparent: 00-zz',
  'X-Request-ID: a b',
  'Expect: 100-continue',
  'Host: ',
];

function body(random: SeededRandom, usual: Record<string, unknown>): Buffer {
  const kind = random.below(12);
  if (kind === 0) return random.bytes(random.below(200));
  const mutated: Record<string, unknown> = { ...usual };
  if (kind < 9) {
    for (let count = random.below(3); count > 0; count -= 1) {
      const name = random.pick([...Object.keys(usual), random.pick(members)]);
      // A member that is undefined is not in the text.
      mutated[name] = random.below(5) === 0 ? undefined : random.pick(values);
    }
  }
  let text = JSON.stringify(mutated);
  if (kind === 9) text = text.replace('{', '{"__proto__":{"isAdmin":true},');
  if (kind === 10) text = text.slice(0, random.below(text.length));
  return Buffer.from(text);
}

function rubbish(random: SeededRandom): Buffer {
  const [usualPath, usual] = random.pick(plausible);
  let path = usualPath;
  if (random.below(10) === 0) {
    const at = random.below(path.length + 1);
    path =
      path.slice(0, at) +
      random.pick(['%', '%zz', '%E0%A4%A', '..', '/', '.', '%2e', '?a=b', '%00']) +
      path.slice(at);
  }
  const bytes = body(random, usual);
  const token = path.startsWith('/chatplugin.') ? VISITOR_TOKEN : 'admin';
  const lines = [
    ...(random.below(8) > 0 ? [`Authorization: ${token}`] : []),
    ...(path.startsWith('/sources') && random.below(4) > 0
      ? ['X-Ringdown-Timestamp: 1735000000', 'X-Ringdown-Signature: 00ff']
      : []),
    ...(random.below(4) === 0 ? [random.pick(headers)] : []),
    `Content-Length: ${bytes.length}`,
  ];
  const method = random.below(12) === 0 ? random.pick(['GET', 'PUT', 'OPTIONS', 'PROPFIND']) : 'POST';
  const head = `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

describe('rubbish', () => {
  let fixture: GatewayFixture;

  beforeAll(async () => {
    fixture = await GatewayFixture.start({ apiBodyMaxBytes: MAX_BODY_BYTES });
    await serveMessages(fixture);
  });

  afterAll(() => fixture.stop());

  it(`${REQUESTS} mutated requests get only documented answers, and errors in the form of this dialect`, async () => {
    const { port } = fixture.gateway.listener;
    const random = new SeededRandom(SEED);
    const statuses = new Set<string>();
    const wrong: string[] = [];
    let left = REQUESTS;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const bytes = rubbish(random);
        const answer = (await rawExchange(port, bytes)).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
        const status = /^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none';
        statuses.add(status);
        if (!documented.has(status) || !inForm(status, answer)) {
          wrong.push(`${answer.slice(0, 600)}\n<- ${JSON.stringify(bytes.toString('latin1').slice(0, 600))}`);
        }
      }
    };

    await Promise.all(Array.from({ length: 16 }, worker));

    expect(wrong.slice(0, 5)).toEqual([]);
    // The generator must reach every kind of answer, or this proves nothing.
    for (const status of documented) if (status !== '431') expect([...statuses]).toContain(status);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect(new Set(fixture.asked.map(({ operation }) => operation)).size).toBeGreaterThanOrEqual(17);
    expect((await fixture.call('GET', '/healthz')).status).toBe(200);
    expect(fixture.gateway.listener.connectionCount).toBeLessThan(20);
  }, 60_000);
});

/** Errors are `{"message"}` or, where somebody is not authenticated, nothing; those of other dialects have more. */
function inForm(status: string, answer: string): boolean {
  if (Number(status) < 400) return true;
  const text = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  if (text === '') return status === '403';
  const error = JSON.parse(text) as Record<string, unknown>;
  return typeof error['message'] === 'string' && (Object.keys(error).length === 1 || 'status' in error);
}
