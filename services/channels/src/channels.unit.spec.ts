import { handle } from '@ringdown/broker';
import {
  commandChannel,
  executeCallFlow,
  getChannel,
  listChannels,
  snapshotChannels,
  type CallFlow,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import {
  ACCOUNT,
  OTHER_ACCOUNT,
  SWITCH,
  channelState,
  ofStranger,
  ofSwitch,
  snapshotOf,
} from './testing/entries';
import { embedded, startChannels, type TestChannels } from './testing/start-channels';

const hangup: CallFlow = { command: { name: 'hangup' } };
let channels: TestChannels;

afterEach(() => channels.stop());

describe('the registry as a service', () => {
  it('is ready with everything that was published before it started', async () => {
    channels = await startChannels(embedded(), async (peer) => {
      await peer.publish(ofSwitch('CHANNEL_CREATE'));
    });

    expect(channels.service.readiness()).toEqual({
      ready: true,
      checks: { broker: 'ok', log: 'ok', process: 'ok' },
    });
    expect(await channels.list()).toMatchObject([{ call_id: 'c1' }]);
  });

  it('is not ready once it is asked to stop', async () => {
    channels = await startChannels();
    channels.service.beginDrain();

    expect(channels.service.readiness()).toMatchObject({ ready: false });
  });

  it('answers one channel to its account alone', async () => {
    channels = await startChannels();
    await channels.publish(ofSwitch('CHANNEL_CREATE'));
    await channels.waitForCount(1);

    const { peer } = channels;
    expect(await peer.request(getChannel, { account_id: ACCOUNT, call_id: 'c1' })).toMatchObject({
      call_id: 'c1',
      switch: SWITCH,
    });
    for (const request of [
      { account_id: OTHER_ACCOUNT, call_id: 'c1' },
      { account_id: ACCOUNT, call_id: 'c2' },
    ]) {
      await expect(peer.request(getChannel, request)).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  it('counts what it folds and what it cannot use', async () => {
    channels = await startChannels();
    await channels.publish(
      { ...ofStranger('CHANNEL_CREATE'), body: Buffer.from('no') },
      ofStranger('CHANNEL_CREATE'),
    );
    await channels.waitForCount(1);

    expect(await channels.metric('ringdown_channels_rejected_total')).toEqual([
      'ringdown_channels_rejected_total{reason="not_json"} 1',
    ]);
    expect(await channels.metric('ringdown_channels_folded_total')).toEqual([
      'ringdown_channels_folded_total{outcome="event"} 1',
    ]);
    expect(await channels.metric('ringdown_channels_live')).toEqual([
      'ringdown_channels_live 1',
      'ringdown_channels_live_unowned 1',
    ]);
  });
});

describe('the list', () => {
  beforeEach(async () => {
    channels = await startChannels();
    await channels.publish(
      ofSwitch('CHANNEL_CREATE', { callId: 'a', vars: { owner_id: 'u1', authorizing_id: 'd1' } }),
      ofSwitch('CHANNEL_CREATE', { callId: 'b', vars: { owner_id: 'u1', authorizing_id: 'd2' } }, 'sw2'),
      ofSwitch('CHANNEL_CREATE', { callId: 'c', vars: { owner_id: 'u2', authorizing_id: 'd3' } }),
      ofSwitch('CHANNEL_CREATE', { callId: 'd', accountId: OTHER_ACCOUNT, vars: { owner_id: 'u1' } }),
    );
    await channels.waitForCount(4);
  });

  const ids = async (request: Parameters<TestChannels['list']>[0]) =>
    (await channels.list(request)).map((channel) => channel.call_id);

  it('is that of an account, or of all', async () => {
    expect(await ids({ account_id: ACCOUNT })).toEqual(['a', 'b', 'c']);
    expect(await ids({ account_id: 'nobody' })).toEqual([]);
    expect(await ids({})).toEqual(['a', 'b', 'c', 'd']);
  });

  it('is that of users or devices: whoever belongs to one of them', async () => {
    expect(await ids({ account_id: ACCOUNT, owner_ids: ['u1'] })).toEqual(['a', 'b']);
    expect(await ids({ account_id: ACCOUNT, device_ids: ['d2', 'd3'] })).toEqual(['b', 'c']);
    expect(await ids({ account_id: ACCOUNT, owner_ids: ['u2'], device_ids: ['d1'] })).toEqual(['a', 'c']);
    expect(await ids({ account_id: ACCOUNT, owner_ids: [] })).toEqual([]);
  });

  it('of a switch contains everything confirmed before, for whoever takes the switch over', async () => {
    const told = Array.from({ length: 5_000 }, (_, n) => ofSwitch('CHANNEL_HOLD', { callId: 'a', at: n }));
    await channels.publish(...told, ofSwitch('CHANNEL_DESTROY', { callId: 'a', at: 6_000 }));

    expect(await ids({ switch: SWITCH })).toEqual(['c', 'd']);
  });

  it('is that of a switch, with who told of it last', async () => {
    await channels.publish(...snapshotOf([channelState('e')], 10, { holder: 'producer-7' }));
    await channels.waitForCount(2);

    const { channels: found, holder } = await channels.peer.request(listChannels, { switch: SWITCH });
    expect(found.map((channel) => channel.call_id)).toEqual(['e']);
    expect(holder).toBe('producer-7');
  });

  it('comes in pages, to which a channel that ended meanwhile makes no difference', async () => {
    const page = await channels.peer.request(listChannels, { limit: 2 });
    expect(page.channels.map((channel) => channel.call_id)).toEqual(['a', 'b']);

    await channels.publish(ofSwitch('CHANNEL_DESTROY', { callId: 'b' }, 'sw2'));
    await channels.waitForCount(3);
    const rest = await channels.peer.request(listChannels, { limit: 2, after: page.next });
    expect(rest.channels.map((channel) => channel.call_id)).toEqual(['c', 'd']);
    expect(rest).not.toHaveProperty('next');
    expect(rest.offset).toBeGreaterThan(page.offset);
  });

  it('refuses a page nobody was told of', async () => {
    for (const after of ['?', Buffer.from('[1]').toString('base64url')]) {
      await expect(channels.peer.request(listChannels, { after })).rejects.toMatchObject({
        code: 'bad_request',
      });
    }
  });
});

describe('a command', () => {
  const command = (callId = 'c1', options = {}) =>
    channels.peer.request(
      commandChannel,
      { account_id: ACCOUNT, call_id: callId, flow: hangup },
      { requestId: 'request-1', ...options },
    );

  async function startWithProducer(execute: (id: string) => Promise<{ status: 'confirmed' }>): Promise<void> {
    const connect = embedded();
    channels = await startChannels(connect);
    const producer = connect('call-producer');
    await producer.start();
    await producer.claim(SWITCH, [handle(executeCallFlow, (_, { requestId }) => execute(requestId))], {
      onHeld: () => undefined,
      onLost: () => undefined,
    });
    await channels.publish(ofSwitch('CHANNEL_CREATE'));
    await channels.waitForCount(1);
  }

  it('goes to the producer of the switch under the id of the request, and its answer comes back', async () => {
    const ids: string[] = [];
    await startWithProducer((id) => {
      ids.push(id);
      return Promise.resolve({ status: 'confirmed' });
    });

    expect(await command()).toEqual({ status: 'confirmed' });
    expect(ids).toEqual(['request-1']);
  });

  it('fails as the producer fails', async () => {
    await startWithProducer(() =>
      Promise.reject(new AppError('unavailable', 'the manager connection is down', { details: { a: 1 } })),
    );

    await expect(command()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the manager connection is down',
    });
  });

  it('is refused for a call that is not there', async () => {
    channels = await startChannels();

    await expect(command()).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is refused for a call nobody owns', async () => {
    channels = await startChannels();
    await channels.publish(ofStranger('CHANNEL_CREATE'));
    await channels.waitForCount(1);

    await expect(command()).rejects.toMatchObject({
      code: 'conflict',
      message: 'call has no switch connection',
    });
  });

  it('fails at once when nobody holds the switch', async () => {
    channels = await startChannels();
    await channels.publish(ofSwitch('CHANNEL_CREATE'));
    await channels.waitForCount(1);

    await expect(command('c1', { timeoutMs: 60_000 })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'switch sw1 is not connected',
    });
  });
});

describe('a snapshot of an account', () => {
  const snapshot = (account_id: string) => channels.peer.request(snapshotChannels, { account_id });

  it('contains whatever was confirmed before it was asked for', async () => {
    channels = await startChannels();
    for (let n = 0; n < 50; n += 1) {
      await channels.publish(ofSwitch('CHANNEL_CREATE', { callId: `n${n}`, messageId: `m${n}` }));
      const { channels: found, contained } = await snapshot(ACCOUNT);
      expect(found).toHaveLength(n + 1);
      expect(contained).toContain(`m${n}`);
    }
  });

  it("tells the account's own channels and events, also those that changed nothing", async () => {
    channels = await startChannels();
    await channels.publish(
      ofSwitch('CHANNEL_CREATE', { messageId: 'm1' }),
      ofSwitch('CHANNEL_CREATE', { callId: 'theirs', accountId: OTHER_ACCOUNT, messageId: 'm2' }),
      ofStranger('CHANNEL_HOLD', { messageId: 'm3' }),
      ofStranger('CHANNEL_HOLD', { callId: 'c2', messageId: 'm4' }),
    );

    const own = await snapshot(ACCOUNT);
    expect(own.channels.map((channel) => channel.call_id)).toEqual(['c1', 'c2']);
    expect(own.contained).toEqual(['m1', 'm3', 'm4']);
    expect(own.window_ms).toBe(30_000);

    const all = await snapshot('*');
    expect(all.channels).toHaveLength(3);
    expect(all.contained).toEqual(['m1', 'm2', 'm3', 'm4']);
    expect(await snapshot('nobody')).toMatchObject({ channels: [], contained: [] });
  });

  it('is refused when it would be too large', async () => {
    channels = await startChannels();
    const many = Array.from({ length: 5_001 }, (_, n) => channelState(`n${n}`));
    await channels.publish(...snapshotOf(many, 10));

    await expect(snapshot(ACCOUNT)).rejects.toMatchObject({ code: 'too_large' });
  });
});
