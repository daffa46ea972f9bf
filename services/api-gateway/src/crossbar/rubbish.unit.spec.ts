import { changeDocument, createDocument, getDocument, listDocuments } from '@ringdown/contracts';
import { PARENT, USER_ID } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';
import { rawExchange } from '../testing/raw-exchange';
import { SeededRandom } from '../testing/seeded-random';

/** Any failure names its seed; put it here to see it again. */
const SEED = 20_261_121;
const REQUESTS = 4_000;
const MAX_BODY_BYTES = 4_096;

const usualMethods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE'];
const methods = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND', 'TRACE', 'SEARCH'];
const paths = [
  '/',
  '/v2/websockets',
  '/v2/user_auth',
  '/v2/api_auth',
  '/v2/token_auth',
  `/v2/accounts/${PARENT}`,
  `/v2/accounts/${PARENT}/users`,
  `/v2/accounts/${PARENT}/users/${USER_ID}`,
  `/v2/accounts/${PARENT}/vmboxes/x/messages/y`,
  `/v2/accounts/${PARENT}/events`,
  `/v2/accounts/${PARENT}/websockets/${USER_ID}`,
  `/v2/accounts/${PARENT}/api_keys`,
  '/v1/x',
  '/docs/README.md',
  '*',
  '//',
  'http://other.example/v2/websockets',
];
const pathNoise = [
  '%',
  '%00',
  '%zz',
  '%E0%A4%A',
  '%2e%2e/',
  '../',
  '//',
  ';a=b',
  '#',
  '\\',
  '[',
  '{}',
  '"',
  '|',
  '%F0%9F%92%A9',
];
const queryNoise = [
  'page_size=1e9',
  'page_size[]=1',
  'page_size=1&page_size=2',
  'filter___proto__=1',
  'filter_constructor.prototype=1',
  'filter_=',
  'start_key=%00%ff',
  'created_from=NaN',
  'paginate=false',
  '__proto__=x',
  'a'.repeat(3000),
  '%',
  '&&&==&',
  'pretty_print',
  'format=ids',
];
const headerNoise = [
  'Content-Type: application/json',
  'Content-Type: application/json; charset=utf-7',
  'Content-Type: application/json; charset="',
  'Content-Type: ;;;',
  'Content-Type: multipart/form-data',
  'Content-Encoding: br',
  'If-Match: "',
  'If-Match: 99999999999999999999999999',
  'If-Match: W/"1", *',
  'If-None-Match: ,,,',
  'Idempotency-Key: \u00e9',
  `X-Request-ID: ${'x'.repeat(500)}`,
  'X-Auth-Token: guess',
  'Authorization: Bearer',
  'Authorization: Bearer a b c',
  'Authorization: Basic !!!',
  'traceparent: 00-zz',
  'X-Forwarded-For: ,,,,::::,%%',
  'Expect: 100-continue',
  'Expect: the unexpected',
  'Upgrade: h2c\r\nConnection: Upgrade',
  'Range: bytes=0-,-1',
  'Accept: */*;q=banana',
  'X-HTTP-Method-Override: DELETE',
  'Host: ',
  `Cookie: ${'a=b;'.repeat(1000)}`,
  'Transfer-Encoding: gzip, chunked',
  'Bad Header: x',
  ': empty',
];
const bodies = [
  '',
  '{}',
  '[]',
  'null',
  '{"data":null}',
  '{"data":[]}',
  '{"data":{}}',
  '{"data":{"__proto__":{"isAdmin":true}}}',
  '{"data":{"constructor":{"prototype":{"x":1}}}}',
  '{"data":{"a":"\\u0000"}}',
  '{"data":{"a":"\\ud800"}}',
  '{"data":{"a":1e999}}',
  '{"data":{"username":{"$gt":""},"password":[],"account_name":7}}',
  '{"data":{"routing_key":"control.x","body":{}}}',
  '{"data":{"routing_key":"call.CHANNEL_CREATE.*","body":{"call_id":{}}}}',
  '{"data":{"family":"call","name":"__proto__","ids":["",1],"body":{}}}',
  '{"data":{"api_key":{"toString":null}}}',
  `{"data":${'{"a":'.repeat(400)}1${'}'.repeat(400)}}`,
  '['.repeat(4000),
  '{"data":{"a":"' + 'x'.repeat(MAX_BODY_BYTES) + '"}}',
  '{"data"',
  '\ufeff{"data":{}}',
  'a=b&c=d',
];

/** One request as bytes: mostly plausible, with something wrong in it. */
function rubbish(random: SeededRandom): Buffer {
  if (random.below(20) === 0) return random.bytes(1 + random.below(300));
  const lie = random.below(12);
  let path = random.pick(paths);
  if (random.below(5) === 0) {
    const at = random.below(path.length + 1);
    path = path.slice(0, at) + random.pick(pathNoise) + path.slice(at);
  }
  if (random.below(5) === 0) path += `?${random.pick(queryNoise)}`;
  const body =
    random.below(8) === 0
      ? random.bytes(random.below(200))
      : Buffer.from(random.below(3) === 0 ? '{"data":{}}' : random.pick(bodies));
  const headers = ['Host: a', 'Connection: close', ...(random.below(4) > 0 ? ['X-Auth-Token: admin'] : [])];
  for (let count = Math.max(0, random.below(6) - 3); count > 0; count -= 1)
    headers.push(random.pick(headerNoise));
  if (lie === 0) headers.push(`Content-Length: ${random.pick(['-1', 'x', '0', '99999999999', '5, 6'])}`);
  else if (lie === 1) headers.push('Transfer-Encoding: chunked');
  else headers.push(`Content-Length: ${body.length}`);
  const head = `${random.pick(random.below(3) === 0 ? methods : usualMethods)} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`;
  const chunked =
    lie === 1
      ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')])
      : body;
  return Buffer.concat([Buffer.from(head, 'latin1'), chunked]);
}

describe('rubbish', () => {
  let fixture: GatewayFixture;

  beforeAll(async () => {
    fixture = await GatewayFixture.start({ apiBodyMaxBytes: MAX_BODY_BYTES });
    const document = { doc: { id: USER_ID }, revision: 1 };
    fixture.answer(getDocument, () => document);
    fixture.answer(createDocument, () => document);
    fixture.answer(changeDocument, () => document);
    fixture.answer(listDocuments, () => ({ docs: [], page_size: 50 }));
  });

  afterAll(() => fixture.stop());

  it(`${REQUESTS} malformed requests get no 500 and leave the server as it was`, async () => {
    const { port } = fixture.gateway.listener;
    const random = new SeededRandom(SEED);
    const statuses = new Map<string, number>();
    const wrong: string[] = [];
    let left = REQUESTS;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const bytes = rubbish(random);
        const answer = await rawExchange(port, bytes);
        const status = /^(?:HTTP\/1\.1 100 Continue\r\n\r\n)?HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status === '500' || status === 'none' || status === '100') {
          wrong.push(`${answer.slice(0, 300)}\n<- ${JSON.stringify(bytes.toString('latin1').slice(0, 600))}`);
        }
      }
    };

    await Promise.all(Array.from({ length: 16 }, worker));

    expect(wrong).toEqual([]);
    // The generator must reach behind the parser, or this proves nothing.
    for (const status of ['200', '201', '204', '400', '401', '404', '405', '413', '415']) {
      expect([...statuses.keys()]).toContain(status);
    }
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect((await fixture.call('GET', '/healthz')).status).toBe(200);
    expect(fixture.gateway.listener.connectionCount).toBeLessThan(20);
  }, 60_000);

  it('every answer to what reached /v2 is an envelope', async () => {
    const random = new SeededRandom(SEED + 1);
    for (let i = 0; i < 300; i += 1) {
      const answer = await rawExchange(fixture.gateway.listener.port, rubbish(random));
      const [head = '', body = ''] = answer.split('\r\n\r\n', 2);
      if (body === '' || !head.includes('application/json')) continue;
      expect(head.toLowerCase()).toContain('access-control-allow-origin: *');
      expect(Object.keys(JSON.parse(body) as object)).toEqual(
        expect.arrayContaining(['data', 'status', 'request_id', 'node', 'version', 'timestamp']),
      );
    }
  });
});
