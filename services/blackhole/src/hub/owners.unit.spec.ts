import {
  clientIdOf,
  instanceTagOf,
  listHubClients,
  newSocketId,
  unsubscribeHubClient,
} from '@ringdown/contracts';
import { waitUntil } from '@ringdown/testing';
import { CUSTOMER, ROOT, SIBLING, callCreated } from '../testing/start-blackhole';
import { ISO_TIME, callOf, startHub, type TestHub, welcomeOf } from '../testing/start-hub';

let hub: TestHub;

beforeAll(async () => {
  hub = await startHub();
});

describe('the sockets of an owner', () => {
  const ownerOf = (token: string) => {
    const { accountId, userId } = hub.directory.principalOf(token);
    return { account_id: accountId, user_id: userId ?? accountId };
  };
  const unsubscribe = (owner: object, clientId: string, ...event_types: string[]) =>
    hub.peer.requestTo(hub.broker.instance, unsubscribeHubClient, {
      ...(owner as { account_id: string; user_id: string }),
      client_id: clientId,
      event_types,
    });

  it('are listed for it alone; those of other protocols are none', async () => {
    const token = hub.tokenOf(CUSTOMER);
    const client = await hub.open('event_types=call,fax', { token });
    await hub.open('', { accountId: CUSTOMER });
    const kazoo = await hub.connect({ token });
    await kazoo.requestOk('ping');

    const { answers, missing } = await hub.peer.requestAll(listHubClients, ownerOf(token));

    expect(missing).toEqual([]);
    expect(answers.flatMap(({ value }) => value.clients)).toEqual([
      {
        client_id: welcomeOf(client).client_id,
        subscriptions: ['call', 'fax', 'global'],
        ...ownerOf(token),
        connected_at: expect.stringMatching(ISO_TIME) as string,
        source: '127.0.0.1',
        destination: hub.broker.instance,
      },
    ]);
  });

  it('lose the event types that are named, silently, and the broker the bindings', async () => {
    const token = hub.tokenOf(CUSTOMER);
    const client = await hub.open('event_types=messaging,health,call.*.kept', { token });
    const { client_id } = welcomeOf(client);
    expect(hub.bindings()).toContain('messaging messaging.#');

    expect(await unsubscribe(ownerOf(token), client_id, 'messaging', 'object', 'global', 'health')).toEqual({
      removed: ['messaging', 'health'],
      not_subscribed: ['object', 'global'],
    });

    await waitUntil(() => !hub.bindings().includes('messaging messaging.#'));
    const frames = client.frames.length;
    await hub.publish(callCreated(CUSTOMER, 'kept'));
    await callOf(client, 'kept');
    expect(client.frames).toHaveLength(frames + 1);
    expect(await unsubscribe(ownerOf(token), client_id, 'messaging')).toEqual({
      removed: [],
      not_subscribed: ['messaging'],
    });
  });

  it('are not there for anybody else', async () => {
    const token = hub.tokenOf(CUSTOMER);
    const { client_id } = welcomeOf(await hub.open('event_types=call', { token }));
    const own = ownerOf(token);
    const strangers = [
      { ...own, user_id: 'another' },
      { ...own, user_id: CUSTOMER },
      { ...own, account_id: SIBLING },
      { ...own, account_id: ROOT },
    ];
    for (const owner of strangers) {
      await expect(unsubscribe(owner, client_id, 'call')).rejects.toMatchObject({ code: 'not_found' });
    }
    const unknown = [clientIdOf(newSocketId(instanceTagOf(hub.broker.instance.slice(-8)))), 'nonsense'];
    for (const id of unknown) {
      await expect(unsubscribe(own, id, 'call')).rejects.toMatchObject({ code: 'not_found' });
    }
    const kazoo = await hub.connect({ token });
    await kazoo.requestOk('ping');
    const kazooIds = [...(await hub.peer.requestAll(listHubClients, own)).answers];
    expect(kazooIds.flatMap(({ value }) => value.clients)).toHaveLength(1);
    expect(await unsubscribe(own, client_id, 'call')).toEqual({ removed: ['call'], not_subscribed: [] });
  });
});
