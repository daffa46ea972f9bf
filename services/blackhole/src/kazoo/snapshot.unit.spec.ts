import { AppError, deferred, type Deferred } from '@ringdown/core';
import { callRoutingKey, objectRoutingKey, type CallEventName, type EventDraft } from '@ringdown/contracts';
import { waitUntil, type Reply, type WsClient } from '@ringdown/testing';
import { FakeRegistry } from '../testing/fake-registry';
import { CUSTOMER, ROOT, SIBLING, startBlackhole, type TestBlackhole } from '../testing/start-blackhole';

const ALL = 'call.*.*';
const UNAVAILABLE = 'snapshot unavailable, try again';

let system: TestBlackhole;
let registry: FakeRegistry;
let client: WsClient;

beforeEach(async () => {
  system = await startBlackhole({ wsMaxQueuedBytes: 64 * 1024 });
  registry = await FakeRegistry.start(system.join('channels'));
  client = await system.connectAs(CUSTOMER);
});

afterEach(async () => {
  await client.close();
  await system.stop();
});

function event(name: CallEventName, callId: string, accountId = CUSTOMER, text = ''): EventDraft {
  return {
    family: 'call',
    routingKey: callRoutingKey(name, callId),
    name,
    accountId,
    body: { call_id: callId, custom_channel_vars: { account_id: accountId }, channel_name: text },
  };
}

function publishDocument(type: string): Promise<void> {
  return system.publish({
    family: 'object',
    routingKey: objectRoutingKey('doc_created', type),
    name: 'doc_created',
    accountId: CUSTOMER,
    body: { id: 'x', type, account_id: CUSTOMER },
  });
}

/** The answer waits for the returned function; resolves once the registry has looked. */
function slowAnswer(): { readonly looked: Promise<void>; answer(): void; fail(error: Error): void } {
  const looked = deferred();
  const answered = deferred();
  registry.beforeAnswer = () => {
    looked.resolve();
    registry.beforeAnswer = () => Promise.resolve();
    return answered.promise;
  };
  return { looked: looked.promise, answer: answered.resolve, fail: answered.reject };
}

/** Nothing arrives at the gateway until the returned function is called. */
function slowFeed(): Deferred {
  const gate = deferred();
  system.beforeMessage = () => gate.promise;
  return gate;
}

function subscribe(bindings: string | string[] = ALL, more: object = {}, to = client): Promise<Reply> {
  const data = typeof bindings === 'string' ? { binding: bindings } : { bindings };
  return to.request('subscribe', { ...data, snapshot: true, ...more });
}

/** What a client gets, in short: `reply`, `gap`, or event and call id. */
function storyOf({ frames }: WsClient): string[] {
  return frames.map((frame) => {
    if (frame['action'] !== 'event') return String(frame['action']);
    return `${String(frame['name'])} ${String((frame['data'] as { call_id: string }).call_id)}`;
  });
}

function channelsOf(reply: Reply): string[] {
  expect(reply).toMatchObject({ status: 'success' });
  const { channels } = reply.data['snapshot'] as { channels: { call_id: string }[] };
  return channels.map(({ call_id }) => call_id);
}

describe('the answer', () => {
  it('shows the live channels in the words of the REST detail, beside what was subscribed', async () => {
    await system.publish(event('CHANNEL_CREATE', 'one'));
    await system.publish(event('CHANNEL_ANSWER', 'one'));
    await system.publish(event('CHANNEL_CREATE', 'theirs', SIBLING));

    const reply = await subscribe();

    expect(reply.data).toEqual({
      subscribed: [ALL],
      subscriptions: [ALL],
      snapshot: {
        channels: [
          {
            call_id: 'one',
            answered: true,
            is_on_hold: false,
            timestamp: 63_900_000_000,
            elapsed_seconds: expect.any(Number) as number,
            custom_channel_vars: { account_id: CUSTOMER },
            custom_application_vars: { events: 2 },
          },
        ],
        offset: expect.any(Number) as number,
      },
    });
  });

  it('is an ordinary one unless it is asked for', async () => {
    for (const snapshot of [undefined, null, false]) {
      const { data } = await client.requestOk('subscribe', { binding: ALL, snapshot });
      expect(Object.keys(data)).toEqual(['subscribed', 'subscriptions']);
    }
    expect(registry.questions).toEqual([]);
  });

  it('shows the call alone whose id was named, raw or encoded', async () => {
    for (const id of ['a.b@c', 'a b', '+49 30', 'other']) {
      await system.publish(event('CHANNEL_CREATE', id));
    }

    expect(channelsOf(await subscribe('call.*.a.b@c'))).toEqual(['a.b@c']);
    expect(channelsOf(await subscribe('call.CHANNEL_DESTROY.a%2Eb@c'))).toEqual(['a.b@c']);
    expect(channelsOf(await subscribe(['call.*.+49 30', 'call.*.a+b']))).toEqual(['a b', '+49 30']);
    expect(channelsOf(await subscribe('call.*.unknown'))).toEqual([]);
    expect(channelsOf(await subscribe(['call.*.other', 'call.CHANNEL_HOLD.*']))).toHaveLength(4);
  });

  it('is for the account that was named, and for a super admin of all of them', async () => {
    await system.publish(event('CHANNEL_CREATE', 'one'));
    await system.publish(event('CHANNEL_CREATE', 'theirs', SIBLING));
    const root = await system.connectAs(ROOT);

    expect(channelsOf(await subscribe(ALL, { account_id: '*' }, root))).toEqual(['one', 'theirs']);
    expect(channelsOf(await subscribe(ALL, { account_id: SIBLING }, root))).toEqual(['theirs']);
    const refused = await subscribe(ALL, { account_id: SIBLING });
    const refusedAll = await subscribe(ALL, { account_id: '*' });
    await system.publish(event('CHANNEL_DESTROY', 'theirs', SIBLING));
    await root.nextEvent();
    await root.nextEvent();

    expect(refused.data.errors).toEqual(['unauthorized account id']);
    expect(refusedAll.data.errors).toEqual(['unauthorized wildcard account id']);
    expect(client.events).toEqual([]);
    await root.close();
  });
});

describe('the stream', () => {
  it('goes on where the snapshot ends: nothing missing, nothing twice, in order', async () => {
    const feed = slowFeed();
    const registryAnswer = slowAnswer();
    await system.publish(event('CHANNEL_CREATE', 'before'));
    const reply = subscribe();
    await registryAnswer.looked;
    await system.publish(event('CHANNEL_ANSWER', 'before'));
    await system.publish(event('CHANNEL_CREATE', 'after'));
    feed.resolve();
    system.beforeMessage = undefined;
    await system.publish(event('CHANNEL_ANSWER', 'after'));
    registryAnswer.answer();

    expect(channelsOf(await reply)).toEqual(['before']);
    await system.publish(event('CHANNEL_DESTROY', 'after'));
    await waitUntil(() => client.events.length === 4);
    await client.flush();
    expect(storyOf(client)).toEqual([
      'reply',
      'CHANNEL_ANSWER before',
      'CHANNEL_CREATE after',
      'CHANNEL_ANSWER after',
      'CHANNEL_DESTROY after',
      'reply',
    ]);
  });

  it('does not repeat what the snapshot contains and arrives during the hold', async () => {
    await client.subscribe('object.*.user');
    const answer = slowAnswer();
    let published: Promise<void> | undefined;
    registry.beforeFence = () => (published ??= system.publish(event('CHANNEL_CREATE', 'one')));

    const reply = subscribe();
    await answer.looked;
    answer.answer();

    expect(channelsOf(await reply)).toEqual(['one']);
    await system.publish(event('CHANNEL_ANSWER', 'one'));
    await client.nextEvent();
    expect(storyOf(client)).toEqual(['reply', 'reply', 'CHANNEL_ANSWER one']);
  });

  it('does not repeat it either when it arrives only after the answer', async () => {
    const feed = slowFeed();
    await client.subscribe(ALL);
    await system.publish(event('CHANNEL_CREATE', 'one'));
    await system.publish(event('CHANNEL_ANSWER', 'one'));

    expect(channelsOf(await subscribe())).toEqual(['one']);
    feed.resolve();
    await system.publish(event('CHANNEL_DESTROY', 'one'));
    await client.nextEvent();

    expect(storyOf(client).at(-1)).toBe('CHANNEL_DESTROY one');
    expect(client.events).toHaveLength(1);
  });

  it('tells what has no message id, once more rather than never', async () => {
    let published: Promise<void> | undefined;
    registry.beforeFence = () =>
      (published ??= system.publishForeign(
        'call',
        'call.CHANNEL_CREATE.foreign',
        { custom_channel_vars: { account_id: CUSTOMER } },
        '',
      ));

    expect(channelsOf(await subscribe())).toEqual(['foreign']);
    expect((await client.nextEvent()).data['call_id']).toBe('foreign');
  });

  it('of a binding subscribed before stops for the snapshot and goes on behind it', async () => {
    await client.subscribe([ALL, 'call.CHANNEL_CREATE.*']);
    await system.publish(event('CHANNEL_CREATE', 'one'));
    await waitUntil(() => client.events.length === 2);
    const answer = slowAnswer();

    const reply = subscribe();
    await answer.looked;
    await system.publish(event('CHANNEL_CREATE', 'two'));
    await waitUntil(() => client.events.length === 3);
    answer.answer();

    expect((await reply).data).toMatchObject({
      subscribed: [],
      subscriptions: [ALL, 'call.CHANNEL_CREATE.*'],
    });
    await waitUntil(() => client.events.length === 4);
    expect(client.frames.slice(-3).map((frame) => frame['subscribed_key'] ?? frame['action'])).toEqual([
      'call.CHANNEL_CREATE.*',
      'reply',
      ALL,
    ]);
  });

  it('of others is not held up, nor are other bindings of the same socket and request', async () => {
    const other = await system.connectAs(CUSTOMER);
    await other.subscribe(ALL);
    await client.subscribe('object.*.user');
    const answer = slowAnswer();

    const reply = subscribe([ALL, 'object.*.device']);
    await answer.looked;
    await system.publish(event('CHANNEL_CREATE', 'one'));
    expect((await other.nextEvent()).data['call_id']).toBe('one');
    await publishDocument('user');
    await client.nextEvent();
    expect(client.events).toHaveLength(1);
    answer.answer();

    expect((await reply).data['subscriptions']).toEqual(['object.*.user', ALL, 'object.*.device']);
    await client.nextEvent(({ data }) => data['call_id'] === 'one');
    await publishDocument('device');
    await client.nextEvent(({ subscribed_key }) => subscribed_key === 'object.*.device');
    await other.close();
  });

  it('of several bindings keeps its order over all of them', async () => {
    const answer = slowAnswer();
    const reply = subscribe([ALL, 'call.CHANNEL_CREATE.*', ALL]);
    await answer.looked;
    await system.publish(event('CHANNEL_CREATE', 'one'));
    await system.publish(event('CHANNEL_ANSWER', 'one'));
    await system.publish(event('CHANNEL_CREATE', 'two'));
    answer.answer();

    await reply;
    await waitUntil(() => client.events.length === 5);
    expect(storyOf(client)).toEqual([
      'reply',
      'CHANNEL_CREATE one',
      'CHANNEL_CREATE one',
      'CHANNEL_ANSWER one',
      'CHANNEL_CREATE two',
      'CHANNEL_CREATE two',
    ]);
  });

  it('tells of a gap in the place where it is, behind the answer', async () => {
    const other = await system.connectAs(CUSTOMER);
    await other.subscribe(ALL);
    const answer = slowAnswer();
    const reply = subscribe();
    await answer.looked;
    await system.publish(event('CHANNEL_CREATE', 'one'));
    await other.nextEvent();
    system.gap('overflow', Date.now());
    await system.publish(event('CHANNEL_CREATE', 'two'));
    await other.nextEvent();
    answer.answer();

    await reply;
    await waitUntil(() => client.events.length === 2);
    expect(storyOf(client)).toEqual(['reply', 'CHANNEL_CREATE one', 'gap', 'CHANNEL_CREATE two']);
    await other.close();
  });
});

describe('what is refused', () => {
  const nothingChanged = async (): Promise<void> => {
    const { data } = await client.requestOk('subscribe', { binding: 'fax.status.*' });
    expect(data['subscriptions']).toEqual(['fax.status.*']);
    await client.requestOk('unsubscribe');
    await waitUntil(() => system.bindings().length === 0);
    expect(await system.metric('ringdown_blackhole_subscriptions ')).toEqual([
      'ringdown_blackhole_subscriptions 0',
    ]);
  };

  it('is a snapshot without a binding of calls, or one that is no yes or no', async () => {
    const without = await subscribe('object.*.user');
    const odd = await subscribe(ALL, { snapshot: 'yes' });

    expect(without.data.errors).toEqual(['snapshot needs a call binding']);
    expect(odd.data.errors).toEqual(['snapshot must be true or false']);
    await nothingChanged();
  });

  it('changes nothing while there is no registry', async () => {
    await registry.stop();

    const reply = await client.request(
      'subscribe',
      { bindings: [ALL, 'object.*.user'], snapshot: true },
      { name: 'wallboard' },
    );

    expect(reply.data.errors).toEqual([UNAVAILABLE]);
    await nothingChanged();
    expect(await system.metric('ringdown_blackhole_snapshots_total')).toEqual([
      'ringdown_blackhole_snapshots_total{outcome="unavailable"} 1',
    ]);
  });

  it('changes nothing when the registry fails, and says when there is too much', async () => {
    registry.beforeFence = () => Promise.reject(new Error('defect'));
    const failed = await subscribe();
    registry.beforeFence = () => Promise.reject(new AppError('too_large', 'of the registry'));
    const tooMany = await subscribe();

    expect(failed.data.errors).toEqual([UNAVAILABLE]);
    expect(tooMany.data.errors).toEqual(['snapshot unavailable: too many channels for one answer']);
    await nothingChanged();
  });

  it('is an answer that would not fit what may wait for a socket', async () => {
    for (let n = 0; n < 200; n += 1) await system.publish(event('CHANNEL_CREATE', `call-${n}`));

    const reply = await subscribe();

    expect(reply.data.errors).toEqual(['snapshot unavailable: too many channels for one answer']);
    await nothingChanged();
  });

  it('is one for which too much would have to be held; what was subscribed before misses nothing', async () => {
    await client.subscribe('call.CHANNEL_CREATE.*');
    const answer = slowAnswer();
    const reply = subscribe(['call.CHANNEL_CREATE.*', ALL]);
    await answer.looked;
    for (let n = 0; n < 20; n += 1) {
      await system.publish(event('CHANNEL_CREATE', `call-${n}`, CUSTOMER, 'x'.repeat(1_000)));
    }

    expect((await reply).data.errors).toEqual([UNAVAILABLE]);
    await waitUntil(() => client.events.length === 20);
    await client.flush();
    answer.answer();
    await system.publish(event('CHANNEL_CREATE', 'later'));
    await client.nextEvent(({ data }) => data['call_id'] === 'later');
    expect(client.events.map(({ subscribed_key, data }) => [subscribed_key, data['call_id']])).toEqual(
      [...Array.from({ length: 20 }, (_, n) => `call-${n}`), 'later'].map((id) => [
        'call.CHANNEL_CREATE.*',
        id,
      ]),
    );
    await client.requestOk('unsubscribe');
    await nothingChanged();
  });

  it('is one whose window is too short for the time it took', async () => {
    registry.windowMs = 0;
    const since = Date.now();
    registry.beforeFence = () => waitUntil(() => Date.now() > since + 5).then(() => undefined);

    expect((await subscribe()).data.errors).toEqual([UNAVAILABLE]);
    await nothingChanged();
  });

  it('is one of an account that was taken away while it was made', async () => {
    const reseller = await system.connectAs(ROOT);
    const answer = slowAnswer();
    const reply = subscribe(ALL, { account_id: CUSTOMER }, reseller);
    await answer.looked;
    await system.publish(event('CHANNEL_CREATE', 'one'));
    system.directory.removeAccount(CUSTOMER);
    answer.answer();

    expect((await reply).data.errors).toEqual(['unauthorized account id']);
    await reseller.flush();
    expect(reseller.events).toEqual([]);
    await reseller.close();
  });

  it('is one of a subscription that was taken away while it was made', async () => {
    const root = await system.connectAs(ROOT);
    await root.subscribe(ALL, CUSTOMER);
    const answer = slowAnswer();
    const reply = subscribe(ALL, { account_id: CUSTOMER }, root);
    await answer.looked;
    await system.publish(event('CHANNEL_CREATE', 'one'));
    system.directory.removeAccount(CUSTOMER);

    expect((await reply).data.errors).toEqual([UNAVAILABLE]);
    answer.answer();
    await root.flush();
    expect(root.events).toEqual([]);
    expect((await root.requestOk('unsubscribe')).data['unsubscribed']).toEqual([]);
    await root.close();
  });
});

describe('while it is made', () => {
  it('a socket may close: nothing is left of it', async () => {
    const leaving = await system.connectAs(CUSTOMER);
    const answer = slowAnswer();
    void subscribe(ALL, {}, leaving).catch(() => undefined);
    await answer.looked;
    await leaving.close();
    await waitUntil(async () => {
      const [line] = await system.metric('ringdown_blackhole_subscriptions ');
      return line === 'ringdown_blackhole_subscriptions 0' && system.bindings().length === 0;
    });
    answer.answer();
  });

  it('an unsubscribe waits, and then ends everything', async () => {
    const answer = slowAnswer();
    const reply = subscribe();
    await answer.looked;
    client.sendJson({ action: 'unsubscribe', request_id: 'off', data: { binding: ALL } });
    await system.publish(event('CHANNEL_CREATE', 'one'));
    answer.answer();

    expect(channelsOf(await reply)).toEqual([]);
    expect((await client.waitForReply('off')).data['unsubscribed']).toEqual([ALL]);
    await waitUntil(() => system.bindings().length === 0);
  });

  it('others may ask, too: few answers serve many of one account', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => system.connectAs(CUSTOMER)));
    const answer = slowAnswer();
    const first = subscribe();
    await answer.looked;
    const others = clients.map((each) => subscribe(ALL, {}, each));
    await waitUntil(async () => {
      const [line] = await system.metric('ringdown_blackhole_subscriptions ');
      return line === 'ringdown_blackhole_subscriptions 21';
    });
    await system.publish(event('CHANNEL_CREATE', 'one'));
    answer.answer();

    expect(channelsOf(await first)).toEqual([]);
    for (const other of others) expect(channelsOf(await other)).toEqual(['one']);
    await client.nextEvent();
    await system.publish(event('CHANNEL_ANSWER', 'one'));
    for (const each of clients) {
      await each.nextEvent();
      expect(storyOf(each)).toEqual(['reply', 'CHANNEL_ANSWER one']);
      await each.close();
    }
    expect(registry.questions).toHaveLength(2);
  });
});

it('what passes between services on the exchange of events is neither shown nor counted', async () => {
  const root = await system.connectAs(ROOT);
  await root.subscribe(ALL, '*');
  // No binding of a client brings it; should one of ours ever do.
  const feed = await system.broker.openFeed({ name: 'any', maxLength: 10 }, system.handlers());
  await feed.bind('call', '#');

  await system.publishForeign('call', '_switch.one', { account_id: CUSTOMER, call_id: 'x' });
  await system.publish(event('CHANNEL_CREATE', 'one'));
  await root.nextEvent();
  await root.flush();

  expect(root.events).toHaveLength(1);
  expect(await system.metric('ringdown_blackhole_events_dropped_total{')).toEqual([
    'ringdown_blackhole_events_dropped_total{reason="repeat"} 1',
  ]);
  await root.close();
});
