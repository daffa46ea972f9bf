import {
  TestSystem,
  WsClient,
  createTestDatabase,
  createVhost,
  describeWithServers,
  type RunningService,
} from '@ringdown/testing';
import { randomHex } from '@ringdown/core';
import { expectStatus, makeMember } from './family-tree';

interface Envelope {
  readonly event_type: string;
  readonly message: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A client of the events hub on one gateway, with what its welcome told. */
async function subscribe(
  gateway: RunningService,
  token: string,
  types: string,
): Promise<{ socket: WsClient; clientId: string; subscriptions: unknown }> {
  const socket = await WsClient.connect(`${gateway.wsUrl}/api/v1/ws/subscribe?event_types=${types}`, {
    headers: { Authorization: `Bearer ${token}` },
  });
  const welcome = (await socket.waitForFrame(() => true, 10_000, 'the welcome')) as unknown as Envelope;
  return {
    socket,
    clientId: String(welcome.body?.['client_id']),
    subscriptions: welcome.body?.['subscriptions'],
  };
}

function unsubscribe(
  gateway: RunningService,
  token: string,
  clientId: string,
  types: string | readonly string[],
): Promise<Response> {
  return fetch(new URL('/api/v1/ws/unsubscribe', gateway.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ client_id: clientId, event_types: types }),
  });
}

function heard(socket: WsClient, type: string): number {
  return socket.frames.filter((frame) => frame['event_type'] === type).length;
}

describeWithServers('the events hub on three gateways', (servers) => {
  it('finds the client to unsubscribe wherever it is, for its owner alone', async () => {
    const vhost = await createVhost(servers);
    const database = await createTestDatabase(servers.databaseUrl);
    const system = await TestSystem.start({
      amqpUrl: vhost.url,
      databaseUrl: database.url,
      blackholes: 3,
      apiGateways: 2,
    });
    const admin = await system.admin();
    const clients = await Promise.all(
      system.blackholes.map((gateway) => subscribe(gateway, admin.token!, 'call,object')),
    );
    expect(clients[1]!.subscriptions).toEqual(['call', 'object', 'global']);
    const makeUser = (): Promise<unknown> =>
      expectStatus(
        201,
        admin.put(`/v2/accounts/${admin.accountId}/users`, { first_name: 'A', last_name: randomHex(8) }),
      );
    await makeUser();
    for (const { socket } of clients) await socket.waitForFrame(({ event_type }) => event_type === 'object');

    // Through either REST instance; each client is on another gateway.
    for (const [n, gateway] of system.apiGateways.entries()) {
      const answer = await unsubscribe(gateway, admin.token!, clients[n]!.clientId, ['object']);
      expect([answer.status, await answer.json()]).toEqual([200, { message: 'OK', code: 200 }]);
    }
    const before = clients.map(({ socket }) => heard(socket, 'object'));
    await makeUser();
    await clients[2]!.socket.waitForFrame(() => heard(clients[2]!.socket, 'object') > before[2]!);
    for (const { socket } of clients.slice(0, 2)) {
      // Answered after everything that was sent before it.
      socket.sendJson({ event_type: 'health', message: 'ping', id: 'last' });
      await socket.waitForFrame(({ ref_id }) => ref_id === 'last');
    }
    expect(clients.slice(0, 2).map(({ socket }) => heard(socket, 'object'))).toEqual(before.slice(0, 2));

    const stranger = await makeMember(admin, admin.accountId, 'stranger');
    const refused = await unsubscribe(system.apiGateways[0]!, stranger.token, clients[2]!.clientId, 'call');
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ code: 404 });
  }, 180_000);
});
