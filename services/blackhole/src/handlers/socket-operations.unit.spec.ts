import { GREGORIAN_OFFSET_S } from '@ringdown/core';
import { closeSocket, getSocket, instanceTagOf, listSockets } from '@ringdown/contracts';
import { CUSTOMER, RESELLER, SIBLING, startBlackhole, type TestBlackhole } from '../testing/start-blackhole';

let system: TestBlackhole;

beforeAll(async () => {
  system = await startBlackhole();
});

async function socketsOf(...accountIds: string[]) {
  const { answers, missing } = await system.peer.requestAll(listSockets, { account_ids: accountIds });
  expect(missing).toEqual([]);
  return answers.flatMap(({ value }) => value.sockets);
}

it('lists the sockets of the accounts asked for, authenticated ones only', async () => {
  const client = await system.connectAs(CUSTOMER);
  const sibling = await system.connectAs(SIBLING);
  await system.connect();
  const nobody = await system.connectAs(RESELLER);
  expect(await socketsOf(CUSTOMER, SIBLING, RESELLER)).toEqual([]);

  await client.requestOk('ping', undefined, { name: 'wallboard-3', metadata: { floor: 2 } });
  await client.subscribe(['call.*.*', 'object.*.user']);
  await sibling.requestOk('ping');
  await nobody.request('subscribe', { binding: 'nonsense' });

  const now = Math.floor(Date.now() / 1000) + GREGORIAN_OFFSET_S;
  const sockets = await socketsOf(CUSTOMER);
  expect(sockets).toEqual([
    {
      websocket_session_id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      bindings: ['call.*.*', 'object.*.user'],
      timestamp: expect.any(Number) as number,
      destination: system.broker.instance,
      source: '127.0.0.1',
      account_id: CUSTOMER,
      name: 'wallboard-3',
      metadata: { floor: 2 },
    },
  ]);
  expect(Math.abs(sockets[0]!.timestamp - now)).toBeLessThan(60);
  expect(await socketsOf(CUSTOMER, SIBLING, RESELLER)).toHaveLength(2);

  // Null clears, absence keeps.
  await client.requestOk('ping', undefined, { name: null });
  expect((await socketsOf(CUSTOMER))[0]).not.toHaveProperty('name');
  expect((await socketsOf(CUSTOMER))[0]).toHaveProperty('metadata');

  await client.close();
  await sibling.close();
});

it('finds one socket through its id, for its account only', async () => {
  const client = await system.connectAs(CUSTOMER);
  await client.requestOk('ping');
  const [socket] = await socketsOf(CUSTOMER);
  const id = socket!.websocket_session_id;
  expect(system.broker.instance.endsWith(instanceTagOf(id))).toBe(true);

  const ask = (accountIds: string[], socketId: string) =>
    system.peer.requestTo(system.broker.instance, getSocket, {
      account_ids: accountIds,
      socket_id: socketId,
    });

  expect(await ask([RESELLER, CUSTOMER], id)).toEqual(socket);
  await expect(ask([SIBLING], id)).rejects.toMatchObject({ code: 'not_found' });
  await expect(ask([CUSTOMER], 'f'.repeat(32))).rejects.toMatchObject({ code: 'not_found' });
  await client.close();
});

it('closes a socket with 4010', async () => {
  const client = await system.connectAs(CUSTOMER);
  await client.requestOk('ping');
  const [socket] = await socketsOf(CUSTOMER);
  const id = socket!.websocket_session_id;
  const close = (accountIds: string[]) =>
    system.peer.requestTo(system.broker.instance, closeSocket, { account_ids: accountIds, socket_id: id });

  await expect(close([SIBLING])).rejects.toMatchObject({ code: 'not_found' });
  expect(await close([CUSTOMER])).toEqual(socket);

  expect(await client.closed).toEqual({ code: 4010, reason: 'closed by operator' });
  expect(client.frames.at(-1)).toMatchObject({ status: 'error', data: { errors: ['closed by operator'] } });
  await expect(close([CUSTOMER])).rejects.toMatchObject({ code: 'not_found' });
  expect(await socketsOf(CUSTOMER)).toEqual([]);
});
