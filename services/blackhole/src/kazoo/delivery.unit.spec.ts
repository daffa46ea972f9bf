import { GREGORIAN_OFFSET_S } from '@ringdown/core';
import { conferenceEventRoutingKey, type EventDraft } from '@ringdown/contracts';
import { waitUntil } from '@ringdown/testing';
import {
  CUSTOMER,
  RESELLER,
  ROOT,
  SIBLING,
  callCreated,
  startBlackhole,
  type TestBlackhole,
} from '../testing/start-blackhole';

const CALL_ID = 'a84b4c76e66710@10.1.2.3';
const ENCODED_CALL_ID = 'a84b4c76e66710@10%2E1%2E2%2E3';

let system: TestBlackhole;

beforeAll(async () => {
  system = await startBlackhole();
});

describe('an event', () => {
  it('comes in the frame of the Kazoo API', async () => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe('call.CHANNEL_CREATE.*');

    await system.publish(callCreated(CUSTOMER, 'frame-1'));

    expect(await client.nextEvent()).toEqual({
      action: 'event',
      subscribed_key: 'call.CHANNEL_CREATE.*',
      subscription_key: `call.${CUSTOMER}.CHANNEL_CREATE.*`,
      name: 'CHANNEL_CREATE',
      routing_key: 'call.CHANNEL_CREATE.frame-1',
      data: expect.objectContaining({
        call_id: 'frame-1',
        event_name: 'CHANNEL_CREATE',
        custom_channel_vars: { account_id: CUSTOMER },
      }) as object,
    });
  });

  it('comes once per matching binding of the socket', async () => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe(['call.CHANNEL_CREATE.*', 'call.*.*', 'call.*.twice', 'call.CHANNEL_DESTROY.*']);

    await system.publish(callCreated(CUSTOMER, 'twice'));
    await waitUntil(() => client.events.length >= 3);
    await client.flush();

    expect(client.events.map((event) => event.subscribed_key).sort()).toEqual([
      'call.*.*',
      'call.*.twice',
      'call.CHANNEL_CREATE.*',
    ]);
  });

  it('of a foreign publisher needs only a key and an object', async () => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe('call.*.a1');

    await system.publishForeign('call', 'call.CHANNEL_CREATE.a1', {
      call_id: 'a1',
      custom_channel_vars: { account_id: CUSTOMER },
    });

    expect(await client.nextEvent()).toMatchObject({ name: 'CHANNEL_CREATE', data: { call_id: 'a1' } });
  });

  it.each([
    ['raw', `call.*.${CALL_ID}`],
    ['encoded', `call.*.${ENCODED_CALL_ID}`],
    ['encoded as Kazoo does', 'call.*.a84b4c76e66710%4010%2E1%2E2%2E3'],
    ['as wildcard', 'call.CHANNEL_CREATE.*'],
  ])('is found by an id with dots and @ written %s, whoever published it', async (_how, binding) => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe(binding);
    const body = { call_id: CALL_ID, custom_channel_vars: { account_id: CUSTOMER } };

    for (const id of [CALL_ID, ENCODED_CALL_ID]) {
      await system.publishForeign('call', `call.CHANNEL_CREATE.${id}`, body);
      const event = await client.nextEvent();
      expect(event).toMatchObject({ subscribed_key: binding, data: { call_id: CALL_ID } });
    }
    await client.flush();
    expect(client.events).toHaveLength(2);
  });

  it.each([
    ['version 5', 'conference.event.*.room.*', 2],
    ['version 5 with an event', 'conference.event.add-member.room.*', 1],
    ['version 4.3', 'conference.event.room.*', 2],
    ['version 4.3 with an event', 'conference.event.room.*.add-member', 1],
    ['one call', 'conference.event.room.caller', 2],
  ])('of a conference is found in the order of %s', async (_how, binding, count) => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe(binding);

    for (const event of ['add-member', 'start-talking']) {
      for (const conferenceId of ['room', 'other']) {
        await system.publish(conferenceEvent(CUSTOMER, conferenceId, event));
      }
    }
    await waitUntil(() => client.events.length >= count);
    await client.flush();

    expect(client.events).toHaveLength(count);
    for (const event of client.events) {
      expect(event).toMatchObject({ subscribed_key: binding, data: { conference_id: 'room' } });
    }
  });

  it('sent again under the same message id comes once', async () => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe('call.*.*');
    const body = { custom_channel_vars: { account_id: CUSTOMER } };

    await system.publishForeign('call', 'call.CHANNEL_CREATE.repeat', body, 'the-same');
    await system.publishForeign('call', 'call.CHANNEL_CREATE.repeat', body, 'the-same');
    await system.publishForeign('call', 'call.CHANNEL_CREATE.last', body, 'another');
    await client.nextEvent((event) => event.routing_key.endsWith('last'));

    expect(client.events.map((event) => event.routing_key)).toEqual([
      'call.CHANNEL_CREATE.repeat',
      'call.CHANNEL_CREATE.last',
    ]);
  });

  it('of a fax document comes by both of its exchanges', async () => {
    const client = await system.connectAs(CUSTOMER);
    await client.subscribe(['fax.object.*', 'object.doc_created.fax']);
    const body = { id: 'f1', type: 'fax', account_id: CUSTOMER };

    await system.publishForeign('object', 'object.doc_created.fax', body, 'twin');
    await system.publishForeign('fax', 'fax.object.doc_created', body, 'twin');
    await waitUntil(() => client.events.length === 2);

    expect(client.events.map((event) => event.subscribed_key).sort()).toEqual([
      'fax.object.*',
      'object.doc_created.fax',
    ]);
  });

  it.each<[string, string, string, unknown]>([
    ['not JSON', 'call', 'call.CHANNEL_CREATE.x', Buffer.from('{"a":')],
    ['not an object', 'call', 'call.CHANNEL_CREATE.x', [1]],
    ['of a key that is none of the family', 'call', 'nonsense', {}],
    ['with a field of the wrong type', 'call', 'call.CHANNEL_CREATE.x', { call_id: { a: 1 } }],
  ])('%s is counted and hurts nobody', async (_what, exchange, key, body) => {
    const client = await system.connectAs(ROOT);
    await client.subscribe('call.*.*', '*');

    await system.publishForeign(exchange, key, body);
    await system.publish(callCreated(CUSTOMER, 'after'));

    expect((await client.nextEvent()).routing_key).toBe('call.CHANNEL_CREATE.after');
    const dropped = await system.metric('ringdown_blackhole_events_dropped_total{');
    if (key !== 'nonsense') expect(dropped.length).toBeGreaterThan(0);
  });
});

describe('isolation', () => {
  it('gives an event to subscriptions for exactly its account', async () => {
    const customer = await system.connectAs(CUSTOMER);
    const sibling = await system.connectAs(SIBLING);
    const parent = await system.connectAs(RESELLER);
    const parentForCustomer = await system.connectAs(RESELLER);
    const admin = await system.connectAs(ROOT);
    const adminForAll = await system.connectAs(ROOT);
    const everybody = [customer, sibling, parent, parentForCustomer, admin, adminForAll];
    for (const client of [customer, sibling, parent, admin]) await client.subscribe('call.*.*');
    await parentForCustomer.subscribe('call.*.*', CUSTOMER);
    await adminForAll.subscribe('call.*.*', '*');

    await system.publish(callCreated(CUSTOMER, 'customer'));
    await system.publish(callCreated(RESELLER, 'reseller'));
    await system.publish(callCreated(SIBLING, 'sibling'));
    await system.publish(callCreated(undefined, 'nobody'));
    await adminForAll.nextEvent((event) => event.routing_key.endsWith('nobody'));
    for (const client of everybody) await client.flush();

    const seen = everybody.map((client) => client.events.map((event) => event.data['call_id']));
    expect(seen).toEqual([
      ['customer'],
      ['sibling'],
      ['reseller'],
      ['customer'],
      [],
      ['customer', 'reseller', 'sibling', 'nobody'],
    ]);
  });

  it('names the account in the subscription key, also the wildcard', async () => {
    const admin = await system.connectAs(ROOT);
    await admin.subscribe('call.CHANNEL_CREATE.*', '*');
    await admin.subscribe('call.CHANNEL_CREATE.*', CUSTOMER);

    await system.publish(callCreated(CUSTOMER, 'keys'));
    await waitUntil(() => admin.events.length === 2);

    expect(admin.events.map((event) => event.subscription_key).sort()).toEqual([
      'call.*.CHANNEL_CREATE.*',
      `call.${CUSTOMER}.CHANNEL_CREATE.*`,
    ]);
  });

  it('is not fooled by an event that claims the account *', async () => {
    const admin = await system.connectAs(ROOT);
    await admin.subscribe('call.*.*', '*');

    await system.publish(callCreated('*', 'starred'));
    await admin.nextEvent();
    await admin.flush();

    expect(admin.events).toHaveLength(1);
  });

  it('keeps commands to a conference within the account', async () => {
    const customer = await system.connectAs(CUSTOMER);
    const sibling = await system.connectAs(SIBLING);
    for (const client of [customer, sibling]) await client.subscribe('conference.command.room');

    await system.publishForeign('conference', 'conference.command.room', {
      account_id: CUSTOMER,
      conference_id: 'room',
    });
    await customer.nextEvent();
    await sibling.flush();

    expect(sibling.events).toEqual([]);
  });
});

describe('a gap', () => {
  it.each([
    ['reconnect', 'broker_reconnect'],
    ['overflow', 'queue_overflow'],
    ['cancelled', 'consumer_cancelled'],
  ] as const)('by %s is told to every socket with subscriptions', async (reason, told) => {
    const subscribed = await system.connectAs(CUSTOMER);
    const idle = await system.connectAs(CUSTOMER);
    await subscribed.subscribe('call.*.*');
    await idle.requestOk('ping');

    system.gap(reason, 1_700_000_000_123);

    const gap = await subscribed.waitForFrame((frame) => frame['action'] === 'gap');
    expect(gap).toEqual({
      action: 'gap',
      since: 1_700_000_000 + GREGORIAN_OFFSET_S,
      since_ms: 1_700_000_000_123,
      reason: told,
    });
    await idle.flush();
    expect(idle.frames.some((frame) => frame['action'] === 'gap')).toBe(false);
  });
});

function conferenceEvent(accountId: string, conferenceId: string, event: string): EventDraft {
  return {
    family: 'conference',
    routingKey: conferenceEventRoutingKey(conferenceId, 'caller'),
    name: 'event',
    accountId,
    body: { event, conference_id: conferenceId, call_id: 'caller', account_id: accountId },
  };
}
