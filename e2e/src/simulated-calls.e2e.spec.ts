import { ApiClient, WsClient, type ApiAnswer } from '@ringdown/testing';
import { exportedVariables, freshSettings, login, startOneProcess, type Environment } from './one-process';

describe('the simulated calls of one process', () => {
  let env: Environment;
  beforeAll(async () => {
    env = await freshSettings();
    await startOneProcess(env);
  }, 120_000);

  it('are there at once, listed and told', async () => {
    const api = await login(env);
    const socket = await WsClient.connect(`ws://127.0.0.1:${env['RINGDOWN_WS_PORT']}`, { token: api.token! });
    await socket.subscribe('call.*.*');

    const event = await socket.waitForFrame((frame) => frame['action'] === 'event', 30_000, 'a call event');
    expect(event).toMatchObject({ subscribed_key: 'call.*.*', data: { event_category: 'call_event' } });
    const { status, data } = await api.get(`/v2/accounts/${api.accountId}/channels`);
    expect(status).toBe(200);
    expect(data.length).toBeGreaterThan(0);
  }, 120_000);

  it('end when REST hangs them up, and the socket tells', async () => {
    const { ACCOUNT_ID: account, UUID: uuid, AUTH_TOKEN: token } = await exportedVariables(env);
    const socket = await WsClient.connect(`ws://127.0.0.1:${env['RINGDOWN_WS_PORT']}`, { token: token! });
    await socket.subscribe(`call.CHANNEL_DESTROY.${uuid}`);
    const api = new ApiClient(`http://127.0.0.1:${env['RINGDOWN_API_PORT']}`, token);

    const answer = await api.post(`/v2/accounts/${account}/channels/${uuid}`, { action: 'hangup' });

    expect(answer.status).toBe(202);
    expect(answer.data).toMatchObject({
      status: 'confirmed',
      seen: { event: 'CHANNEL_DESTROY', call_id: uuid },
    });
    await socket.waitForFrame((frame) => frame['name'] === 'CHANNEL_DESTROY');
    expect((await api.get(`/v2/accounts/${account}/channels/${uuid}`)).status).toBe(404);
  }, 120_000);

  /** The seven samples of the API document, with the variables of `npm run env` in the place of theirs. */
  it('answer the samples of the API document as written', async () => {
    const {
      ACCOUNT_ID: account,
      USER_ID: user,
      DEVICE_ID: device,
      UUID: uuid,
      AUTH_TOKEN: token,
    } = await exportedVariables(env);
    const api = new ApiClient(`http://127.0.0.1:${env['RINGDOWN_API_PORT']}`, token);
    const headers = { 'content-type': 'application/json' };
    const channel = `/v2/accounts/${account}/channels/${uuid}`;

    for (const path of [
      '/v2/channels',
      `/v2/accounts/${account}/channels`,
      `/v2/accounts/${account}/users/${user}/channels`,
      `/v2/accounts/${account}/devices/${device}/channels`,
    ]) {
      const answer: ApiAnswer<unknown> = await api.get(path, { headers });
      expect(answer.status).toBe(200);
      expect(answer.data).toContainEqual(expect.objectContaining({ uuid }));
    }
    const detail = await api.get(channel, { headers });
    expect(detail.status).toBe(200);
    expect(detail.data).toMatchObject({ call_id: uuid, authorizing_id: device, owner_id: user });

    const transferred = await api.post(channel, undefined, {
      headers,
      rawBody:
        '{"data": {"action": "transfer", "target": "2600", "takeback_dtmf": "*1", "moh": "media_id" }}',
    });
    expect(transferred.status).toBe(202);
    expect(transferred.data).toMatchObject({ status: 'confirmed', message: 'transfer initiated' });

    const next = (await exportedVariables(env))['UUID'];
    const flow = await api.put(`/v2/accounts/${account}/channels/${next}`, undefined, {
      headers,
      rawBody: '{"action":"metaflow", "data": {"data": { "module": "hangup" }}}',
    });
    expect(flow.status).toBe(202);
    expect(flow.data).toMatchObject({ status: 'confirmed', message: 'metaflow sent' });
  }, 180_000);
});
