import { getDocument } from '@ringdown/contracts';
import { loadSettings } from '@ringdown/config';
import { silentLogger } from '@ringdown/core';
import { buildApiGateway } from '../api-gateway';
import { PARENT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;
const ID = '7'.repeat(32);

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

describe('what is beside /v2', () => {
  it('shows one page with the addresses and nothing from elsewhere', async () => {
    const { status, headers, text } = await fixture.call('GET', '/');

    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(text).toContain('/v2/websockets');
    expect(text).toContain(':5555/');
    expect(text).not.toMatch(/<script|src=|https:/);
  });

  it('shows behind a proxy only what can be reached through it', async () => {
    const { text } = await fixture.call('GET', '/', { headers: { 'x-forwarded-for': '203.0.113.7' } });

    expect(text).toMatch(/ws:\/\/[\w.:]+\/ws</);
    expect(text).not.toMatch(/:5555|"\/metrics"|npm run/);
  });

  it('shows encrypted addresses to whom TLS was terminated in front', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };
    const { text } = await fixture.call('GET', '/', { headers });

    expect(text).toMatch(/https:\/\/[\w.:]+\/v2.*wss:\/\/[\w.:]+\/ws</s);
    expect(text).not.toMatch(/http:|ws:/);
  });

  it('does not repeat a Host header that is none', async () => {
    const { text } = await fixture.call('GET', '/', { headers: { host: '"><b>x' } });

    expect(text).not.toContain('<b>');
  });

  it('serves the documents it links to', async () => {
    const { text } = await fixture.call('GET', '/');
    const links = [...text.matchAll(/href="(\/docs\/[^"]+)"/g)].map((match) => match[1]!);

    for (const link of links) {
      expect(await fixture.call('GET', link)).toMatchObject({ status: 200 });
    }
    expect((await fixture.call('GET', '/docs/package.json')).status).toBe(404);
  });

  it('has no icon, and says so cheaply', async () => {
    expect((await fixture.call('GET', '/favicon.ico')).status).toBe(204);
  });

  it('is alive, ready and measured', async () => {
    await fixture.call('GET', `${account}/users/${ID}`, { token: 'admin' });

    expect((await fixture.call('GET', '/healthz')).status).toBe(200);
    const ready = await fixture.call('GET', '/readyz');
    expect(ready).toMatchObject({ status: 200, envelope: { status: 'ready', checks: { broker: 'ok' } } });
    const metrics = (await fixture.call('GET', '/metrics')).text;
    expect(metrics).toMatch(
      /ringdown_api_requests_total\{dialect="crossbar",route="\/accounts\/:account_id\/users\/:id",method="GET",status="404"\} 1/,
    );
    expect(metrics).toContain('ringdown_api_request_seconds_bucket');
    expect(metrics).not.toContain(ID);
  });

  it('is not ready, but alive, while access cannot be decided', async () => {
    fixture.directory.ready = false;

    expect(await fixture.call('GET', '/readyz')).toMatchObject({
      status: 503,
      envelope: { status: 'unavailable' },
    });
    expect((await fixture.call('GET', '/healthz')).status).toBe(200);
  });

  it('answers probes while the broker is still waited for', async () => {
    const waiting = buildApiGateway(loadSettings({}, { apiPort: 0 }), {
      brokerFactory: (service) => ({
        ...fixture.hub.connect({ service }),
        instance: 'api-gateway-00000000',
        start: () => new Promise<never>(() => undefined),
        status: () => ({ state: 'connecting', sinceMs: 0 }),
      }),
      directoryFactory: () => fixture.directory,
      logger: silentLogger,
    });
    const [first, second] = waiting.components;
    await first!.start();
    void second!.start();
    const base = `http://127.0.0.1:${waiting.listener.port}`;

    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect((await fetch(`${base}/readyz`)).status).toBe(503);
    await waiting.listener.stop();
  });

  it('finishes requests under way when it stops, and the broker is there for them until then', async () => {
    let release!: () => void;
    const arrived = new Promise<void>((resolve) => {
      fixture.answer(getDocument, ({ id }) => {
        resolve();
        return new Promise((done) => (release = () => done({ doc: { id }, revision: 1 })));
      });
    });
    const slow = fixture.call('GET', `${account}/users/${ID}`, { token: 'admin' });
    await arrived;

    fixture.gateway.beginDrain();
    expect(fixture.gateway.readiness()).toMatchObject({ ready: false, checks: { process: 'shutting down' } });
    const stopped = (async () => {
      for (const component of [...fixture.gateway.components].reverse()) await component.stop();
    })();
    release();

    expect((await slow).status).toBe(200);
    await stopped;
    await expect(fixture.call('GET', '/healthz')).rejects.toThrow();
  });
});
