import type { WsClient, Frame } from '@ringdown/testing';
import { CUSTOMER, RESELLER, ROOT, SIBLING, callCreated } from '../testing/start-blackhole';
import { HEX_64, callOf, eventsOf, startHub, type TestHub, welcomeOf } from '../testing/start-hub';

let hub: TestHub;

beforeAll(async () => {
  hub = await startHub();
});

describe('events', () => {
  it('come in one envelope, with the same id for every socket', async () => {
    const first = await hub.open('event_types=call');
    const second = await hub.open('event_types=call.channel_create');
    await hub.publish({ ...callCreated(CUSTOMER, 'env-1'), timestampMs: 1_790_000_000_123 });

    const frame = await callOf(first, 'env-1');

    expect(Object.keys(frame)).toEqual(['id', 'event_type', 'timestamp', 'message', 'body']);
    expect(frame).toMatchObject({
      id: expect.stringMatching(HEX_64) as string,
      event_type: 'call',
      message: 'CHANNEL_CREATE',
      body: { call_id: 'env-1', event_name: 'CHANNEL_CREATE' },
    });
    expect(Number.isNaN(Date.parse(String(frame['timestamp'])))).toBe(false);
    expect(await callOf(second, 'env-1')).toEqual(frame);
  });

  it('of two events have two ids, also when their publisher gave none', async () => {
    const client = await hub.open('event_types=call');
    for (const id of ['bare-1', 'bare-2']) {
      await hub.publishForeign('call', `call.CHANNEL_CREATE.${id}`, { account_id: CUSTOMER, call_id: id });
    }
    const [first, second] = [await callOf(client, 'bare-1'), await callOf(client, 'bare-2')];
    expect(first['id']).toMatch(HEX_64);
    expect(second['id']).not.toBe(first['id']);
  });

  it('that several event types mean come once', async () => {
    const client = await hub.open('event_types=call,call.CHANNEL_CREATE,call.*.*,call.*.once-1');
    expect(welcomeOf(client).subscriptions).toHaveLength(5);
    await hub.publish(callCreated(CUSTOMER, 'once-1'));
    await hub.publish(callCreated(CUSTOMER, 'once-2'));
    await callOf(client, 'once-2');
    expect(eventsOf(client).map(({ body }) => (body as Frame)['call_id'])).toEqual(['once-1', 'once-2']);
  });

  it('come of what was subscribed to, and nothing else', async () => {
    const client = await hub.open('event_types=call.CHANNEL_DESTROY,call.*.Kept,object.doc_edited.user');
    await hub.publish(callCreated(CUSTOMER, 'other'));
    await hub.publish({
      ...callCreated(CUSTOMER, 'gone'),
      routingKey: 'call.CHANNEL_DESTROY.gone',
      name: 'CHANNEL_DESTROY',
    });
    await hub.publish(callCreated(CUSTOMER, 'Kept'));
    await callOf(client, 'Kept');
    expect(eventsOf(client).map(({ body }) => (body as Frame)['call_id'])).toEqual(['gone', 'Kept']);
  });

  it('of one account only: one’s own, or one below that was named; all of them for the super admin', async () => {
    const watchers = {
      own: await hub.open('event_types=call', { accountId: CUSTOMER }),
      sibling: await hub.open('event_types=call', { accountId: SIBLING }),
      parent: await hub.open('event_types=call', { accountId: RESELLER }),
      parentNaming: await hub.open(`event_types=call&account_id=${CUSTOMER}`, { accountId: RESELLER }),
      rootNaming: await hub.open(`event_types=call&account_id=${CUSTOMER}`, { accountId: ROOT }),
      superAdmin: await hub.open('event_types=call&account_id=*', { accountId: ROOT }),
    };
    for (const account of [CUSTOMER, SIBLING, RESELLER, ROOT]) {
      await hub.publish(callCreated(account, `of-${account.slice(0, 4)}`));
    }
    await callOf(watchers.superAdmin, `of-${ROOT.slice(0, 4)}`);
    const seen = async (client: WsClient): Promise<string> => {
      client.sendJson({ event_type: 'health', message: 'ping', id: 'flush' });
      await client.waitForFrame(({ ref_id }) => ref_id === 'flush');
      return eventsOf(client)
        .map(({ body }) => String((body as Frame)['call_id']).slice(3, 4))
        .join('');
    };
    expect({
      own: await seen(watchers.own),
      sibling: await seen(watchers.sibling),
      parent: await seen(watchers.parent),
      parentNaming: await seen(watchers.parentNaming),
      rootNaming: await seen(watchers.rootNaming),
      superAdmin: await seen(watchers.superAdmin),
    }).toEqual({
      own: 'c',
      sibling: 'd',
      parent: 'b',
      parentNaming: 'c',
      rootNaming: 'c',
      superAdmin: 'cdba',
    });
    await Promise.all(Object.values(watchers).map((client) => client.close()));
  });

  it('that may be missing are told as a gap', async () => {
    const client = await hub.open('event_types=call');
    hub.gap('reconnect', Date.UTC(2026, 0, 2));
    const gap = await client.waitForFrame(({ message }) => message === 'gap');
    expect(gap).toMatchObject({
      event_type: 'global',
      body: { since: '2026-01-02T00:00:00.000Z', reason: 'broker_reconnect' },
    });
  });
});
