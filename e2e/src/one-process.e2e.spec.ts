import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ApiClient, WsClient, startProcess, waitUntil, type RunningProcess } from '@ringdown/testing';
import { exportedVariables, freshSettings, login, startOneProcess, type Environment } from './one-process';

describe('one process with nothing but Node', () => {
  let env: Environment;
  let first: RunningProcess;
  beforeAll(async () => {
    env = await freshSettings();
    first = await startOneProcess(env);
  }, 120_000);

  it('shows what npm run demo does in npm run tail', async () => {
    const tail = startProcess({ script: 'scripts/tail.mjs', env });
    await tail.waitForLine(/listening|subscribed|following/i);
    const narrow = startProcess({ script: 'scripts/tail.mjs', args: ['call.CHANNEL_CREATE.*'], env });
    await narrow.waitForLine(/listening|subscribed|following/i);

    const demo = startProcess({ script: 'scripts/demo.mjs', args: ['--pause', '0'], env });
    expect((await demo.exited).code).toBe(0);
    const user = /created: .* \((\w+)\)/.exec(demo.output)?.[1];
    for (const name of ['doc_created', 'doc_edited', 'doc_deleted']) {
      await tail.waitForLine(new RegExp(`${name}.*"id":"${user}"`));
    }

    const publish = startProcess({
      script: 'scripts/publish.mjs',
      args: ['call.CHANNEL_CREATE.a1', 'caller_id_name=Ann'],
      env,
    });
    expect((await publish.exited).code).toBe(0);
    await narrow.waitForLine(/call\.CHANNEL_CREATE\.a1 /);
    expect(narrow.output).not.toContain('doc_');
  }, 120_000);

  it('prints what the samples of the API documents need', async () => {
    const exports = await exportedVariables(env);
    expect(Object.keys(exports).sort()).toEqual([
      'ACCOUNT_ID',
      'AUTH_TOKEN',
      'DEVICE_ID',
      'SERVER',
      'USER_ID',
      'UUID',
    ]);
    const api = new ApiClient(`http://127.0.0.1:${env['RINGDOWN_API_PORT']}`, exports['AUTH_TOKEN']!);
    expect((await api.get(`/v2/accounts/${exports['ACCOUNT_ID']}/users/${exports['USER_ID']}`)).status).toBe(
      200,
    );
    expect(
      (await api.get(`/v2/accounts/${exports['ACCOUNT_ID']}/devices/${exports['DEVICE_ID']}`)).status,
    ).toBe(200);
  }, 120_000);

  it('serves sockets on both ports, on the API port at / and /ws only', async () => {
    const { token } = await login(env);
    const api = `ws://127.0.0.1:${env['RINGDOWN_API_PORT']}`;
    const own = `ws://127.0.0.1:${env['RINGDOWN_WS_PORT']}`;

    for (const url of [`${api}/`, `${api}/ws`, `${own}/`, `${own}/any/path`]) {
      const socket = await WsClient.connect(url, { token: token! });
      await socket.requestOk('ping');
    }
    await expect(WsClient.connect(`${api}/other`)).rejects.toMatchObject({ status: 404 });
  }, 120_000);

  it('keeps accounts, documents and logins across a kill -9, and ends a SIGTERM with 0', async () => {
    const own = await freshSettings();
    const killed = await startOneProcess(own);
    const api = await login(own);
    const made = await api.put(`/v2/accounts/${api.accountId}/devices`, { name: 'kept' });
    expect(made.status).toBe(201);

    await killed.kill9();
    const second = await startOneProcess(own);

    expect(
      (await api.get(`/v2/accounts/${api.accountId}/devices/${String(made.data['id'])}`)).data,
    ).toMatchObject({
      name: 'kept',
    });
    const socket = await WsClient.connect(`ws://127.0.0.1:${own['RINGDOWN_WS_PORT']}`, { token: api.token! });
    await socket.subscribe('object.*.*');
    const ended = second.stop();
    expect(await socket.closed).toMatchObject({ code: 1001 });
    expect(await ended).toEqual({ code: 0, signal: null });
  }, 120_000);

  it('makes up no calls when told so, and has a device for the samples all the same', async () => {
    const own = await freshSettings();
    const quiet = { ...own, RINGDOWN_CALL_SOURCE: 'none' };
    await startOneProcess(quiet);

    const ready = await fetch(`http://127.0.0.1:${own['RINGDOWN_API_PORT']}/readyz`);
    const { checks } = (await ready.json()) as { checks: Record<string, string> };
    expect(Object.keys(checks).filter((name) => name.startsWith('call-producer'))).toEqual([]);
    const { ACCOUNT_ID: account, DEVICE_ID: device, UUID: uuid } = await exportedVariables(quiet);
    expect(uuid).toBe('');
    const api = await login(own);
    expect((await api.get(`/v2/accounts/${account}/devices/${device}`)).data).toMatchObject({
      name: 'Demo telephone',
    });
    expect((await api.get('/v2/channels')).data).toEqual([]);
  }, 120_000);

  it('keeps its secrets to its user and out of its output', async () => {
    const dataDir = String(env['RINGDOWN_DATA_DIR']);
    const api = await login(env);
    await api.put('/v2/user_auth', { username: 'admin', password: 'wrong password 1', account_name: 'demo' });
    await api.get(`/v2/accounts/${api.accountId}`);

    if (process.platform !== 'win32') {
      expect(statSync(join(dataDir, 'bootstrap-password')).mode & 0o077).toBe(0);
    }
    expect(existsSync(join(dataDir, 'bootstrap-password'))).toBe(true);
    expect(first.output).not.toContain(api.token!);
    expect(first.output).not.toContain('wrong password 1');
  }, 120_000);

  it.each<[string, (env: Environment) => Environment, RegExp]>([
    ['a second process on its folder', (env) => env, /another|already|in use/i],
    [
      'a second process on its port',
      (env) => ({ ...env, RINGDOWN_DATA_DIR: `${env['RINGDOWN_DATA_DIR']}/other` }),
      /^Port \d+ .*RINGDOWN_(API|WS)_PORT/m,
    ],
    [
      'a setting that does not exist',
      (env) => ({ ...env, RINGDOWN_API_PRT: 1 }),
      /RINGDOWN_API_PRT.*RINGDOWN_API_PORT/is,
    ],
    ['a bad value', (env) => ({ ...env, RINGDOWN_API_PORT: 'eight' }), /RINGDOWN_API_PORT/],
  ])(
    'sends %s away with a way out',
    async (_, change, text) => {
      const second = startProcess({ service: 'standalone', env: change(env) });

      expect((await second.exited).code).toBe(1);
      expect(second.output).toMatch(text);
      expect(second.output).not.toMatch(/^\s+at /m);
      await waitUntil(() => first.running);
    },
    120_000,
  );
});
