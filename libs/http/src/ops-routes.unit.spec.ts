import { Counter, Registry } from 'prom-client';
import { createApp } from './app';
import { HttpListener } from './http-listener';
import { mergedMetrics } from './merged-metrics';
import { opsRoutes } from './ops-routes';
import { requestIdOf } from './request-id';
import { statusOf } from './status';

function registryOf(service: string, value: number): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  new Counter({ name: 'things_total', help: 'Things.', registers: [registry] }).inc(value);
  return registry;
}

describe('opsRoutes', () => {
  let ready = true;
  let listener: HttpListener;

  beforeAll(async () => {
    const app = createApp();
    app.use(
      opsRoutes({
        readiness: () => ({ ready, checks: { broker: ready ? 'ok' : 'disconnected' } }),
        metrics: () => [registryOf('a', 1), registryOf('b', 2)],
      }),
    );
    listener = new HttpListener({ host: '127.0.0.1', port: 0, portSetting: 'RINGDOWN_OPS_PORT', app });
    await listener.start();
  });

  afterAll(() => listener.stop());

  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${listener.port}${path}`);

  it('/healthz is 200 whatever readiness says', async () => {
    ready = false;

    const response = await get('/healthz');

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it.each([
    [true, 200, 'ready', 'ok'],
    [false, 503, 'unavailable', 'disconnected'],
  ])('/readyz with ready %p is %i and names the checks', async (value, status, text, check) => {
    ready = value;

    const response = await get('/readyz');

    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ status: text, checks: { broker: check } });
  });

  it('/metrics is Prometheus text of every registry', async () => {
    const response = await get('/metrics');

    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await response.text()).toContain('things_total{service="b"} 2');
  });

  it('says nothing about what serves it', async () => {
    expect((await get('/healthz')).headers.get('x-powered-by')).toBeNull();
  });
});

describe('mergedMetrics', () => {
  it('writes the header of a shared name once', async () => {
    const text = await mergedMetrics([registryOf('a', 1), registryOf('b', 2)]);

    expect(text.match(/# TYPE things_total counter/g)).toHaveLength(1);
    expect(text.trim().split('\n').slice(-2)).toEqual([
      'things_total{service="a"} 1',
      'things_total{service="b"} 2',
    ]);
  });

  it('counts a registry given twice once', async () => {
    const registry = registryOf('a', 1);

    expect((await mergedMetrics([registry, registry])).match(/things_total\{/g)).toHaveLength(1);
  });
});

describe('requestIdOf', () => {
  it.each(['a', 'x'.repeat(128), '~!"{}'])('keeps %p', (id) => {
    expect(requestIdOf({ headers: { 'x-request-id': id } })).toBe(id);
  });

  it.each(['', 'a b', 'x'.repeat(129), 'tab\t', 'ü', '\0'])('replaces %p', (id) => {
    expect(requestIdOf({ headers: { 'x-request-id': id } })).toMatch(/^[0-9a-f]{32}$/);
  });

  it('makes one id per request', () => {
    const request = { headers: {} };

    expect(requestIdOf(request)).toBe(requestIdOf(request));
    expect(requestIdOf(request)).not.toBe(requestIdOf({ headers: {} }));
  });
});

describe('statusOf', () => {
  it('treats a code of a newer version as internal', () => {
    expect(statusOf('brand_new' as never)).toBe(500);
    expect(statusOf('locked')).toBe(423);
  });
});
