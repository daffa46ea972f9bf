import type { FeedHandlers } from '@ringdown/broker';
import { encodeEvent, objectRoutingKey, type Endpoint, type EndpointPage } from '@ringdown/contracts';
import { AppError, silentLogger } from '@ringdown/core';
import { EndpointKeeper, type KeeperBroker } from './endpoint-keeper';

const endpoint = (deviceId: string, more: Partial<Endpoint> = {}): Endpoint => ({
  device_id: deviceId,
  account_id: 'acc',
  account_name: 'Acme',
  realm: 'acme.example',
  username: `user-${deviceId}`,
  enabled: true,
  created: 1,
  ...more,
});

describe('the endpoint keeper', () => {
  let all: Endpoint[];
  let failing: boolean;
  let asked: string[];
  let handlers: FeedHandlers | undefined;
  let resync: (() => Promise<void>) | undefined;
  let keeper: EndpointKeeper;
  const bound: string[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    all = [endpoint('d1'), endpoint('d2'), endpoint('d3', { account_id: 'other' })];
    failing = false;
    asked = [];
    bound.length = 0;
    const broker = {
      openFeed: (_options: unknown, given: FeedHandlers) => {
        handlers = given;
        return Promise.resolve({
          bind: (exchange: string, pattern: string) => {
            bound.push(`${exchange} ${pattern}`);
            return Promise.resolve();
          },
          unbind: () => Promise.resolve(),
          bindings: [],
          close: () => Promise.resolve(),
        });
      },
      onResync: (listener: () => Promise<void>) => {
        resync = listener;
        return () => (resync = undefined);
      },
      request: (operation: { name: string }, page: EndpointPage & { account_id?: string }) => {
        asked.push([operation.name, page.account_id ?? page.after].filter(Boolean).join(' '));
        if (failing) return Promise.reject(new AppError('unavailable', 'nobody'));
        if (page.account_id?.startsWith('refused')) {
          return Promise.reject(new AppError('validation_failed', 'no such id'));
        }
        const found = all.filter(
          (it) => (page.account_id ?? it.account_id) === it.account_id && it.device_id > (page.after ?? ''),
        );
        const [first, second, third] = found;
        const endpoints = [first, second].filter((it) => it !== undefined);
        return Promise.resolve({ endpoints, ...(third === undefined ? {} : { next: second?.device_id }) });
      },
    };
    keeper = new EndpointKeeper(broker as unknown as KeeperBroker, silentLogger);
  });

  afterEach(async () => {
    await keeper.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const announce = (type: 'device' | 'user' | 'account', accountId: string): void =>
    handlers?.onMessage(
      encodeEvent({
        family: 'object',
        name: 'doc_edited',
        routingKey: objectRoutingKey('doc_edited', type),
        accountId,
        body: { id: 'x', type, account_id: accountId },
      }),
    );
  const settle = (ms = 0): Promise<void> => jest.advanceTimersByTimeAsync(ms);
  const signal = new AbortController().signal;

  it('loads all pages and hears of what matters', async () => {
    await keeper.start();
    await settle();
    expect(await keeper.whenLoaded(1_000, signal)).toBe(true);
    expect(asked).toEqual(['endpoints.list', 'endpoints.list d2']);
    expect(bound).toEqual(['object object.*.device', 'object object.*.user', 'object object.*.account']);
    expect(keeper.directory.byUsername('user-d3')?.accountId).toBe('other');
  });

  it('asks for one account when something of it changes, once for many changes', async () => {
    await keeper.start();
    await settle();
    all = [endpoint('d1', { username: 'renamed', owner_id: 'u1' }), endpoint('d9', { account_id: 'other' })];
    for (let index = 0; index < 50; index += 1) announce('device', 'acc');
    announce('user', 'acc');
    await settle(1_000);
    expect(asked.slice(2)).toEqual(['endpoints.of_account acc']);
    expect(keeper.directory.ofOwner('acc', 'u1').map(({ username }) => username)).toEqual(['renamed']);
    expect(keeper.directory.byUsername('user-d2')).toBeUndefined();
    expect(keeper.directory.byUsername('user-d3')).toBeDefined();
  });

  it('loads everything after a gap and after a reconnect', async () => {
    await keeper.start();
    await settle();
    all = [endpoint('d7')];
    handlers?.onGap({ sinceMs: 0, reason: 'overflow' });
    await settle();
    expect(keeper.directory.size).toBe(1);
    all = [];
    await resync?.();
    await settle();
    expect(keeper.directory.size).toBe(0);
  });

  it('keeps what it knows while nobody answers, and goes on asking', async () => {
    await keeper.start();
    await settle();
    failing = true;
    announce('device', 'acc');
    await settle(60_000);
    expect(keeper.directory.size).toBe(3);
    failing = false;
    all = [];
    await settle(10_000);
    expect(keeper.directory.ofAccount('acc')).toEqual([]);
  });

  it('is waited for only so long', async () => {
    failing = true;
    await keeper.start();
    const loaded = keeper.whenLoaded(10_000, signal);
    await settle(10_000);
    expect(await loaded).toBe(false);
    failing = false;
    const later = keeper.whenLoaded(60_000, signal);
    await settle(10_000);
    expect(await later).toBe(true);
  });

  it('does not ask again for an account that is refused, nor lets it keep others waiting', async () => {
    await keeper.start();
    await settle();
    for (let index = 0; index < 100; index += 1) announce('device', `refused-${index}`);
    announce('device', 'acc');
    all = [];
    await settle(1_000);
    expect(keeper.directory.ofAccount('acc')).toEqual([]);
    const before = asked.length;
    await settle(600_000);
    expect(asked).toHaveLength(before);
  });

  it('takes rubbish for what it is', async () => {
    await keeper.start();
    await settle();
    handlers?.onMessage({
      exchange: 'object',
      routingKey: 'object.doc_edited.device',
      body: Buffer.from('{'),
      messageId: undefined,
      timestampMs: undefined,
      type: undefined,
      appId: undefined,
      contentType: undefined,
      headers: {},
    });
    await settle(1_000);
    expect(asked).toHaveLength(2);
  });
});
