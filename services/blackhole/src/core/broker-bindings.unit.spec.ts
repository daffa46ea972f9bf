import fc from 'fast-check';
import { AppError, deferred, silentLogger } from '@ringdown/core';
import { parseBinding } from '@ringdown/contracts';
import { waitUntil } from '@ringdown/testing';
import { BrokerBindings, type BindingFeed, type BindingLease } from './broker-bindings';

/** A feed whose answers come late and in any order, and sometimes not at all. */
class SlowFeed implements BindingFeed {
  readonly bound = new Set<string>();
  readonly calls: string[] = [];
  /** Pairs on which two operations ran at once; must stay empty. */
  readonly overlaps: string[] = [];
  private readonly busy = new Set<string>();

  constructor(
    private readonly delay: () => Promise<void>,
    private readonly fails: (verb: 'bind' | 'unbind') => boolean = () => false,
  ) {}

  bind(exchange: string, pattern: string): Promise<void> {
    return this.run('bind', `${exchange} ${pattern}`);
  }

  unbind(exchange: string, pattern: string): Promise<void> {
    return this.run('unbind', `${exchange} ${pattern}`);
  }

  private async run(verb: 'bind' | 'unbind', key: string): Promise<void> {
    if (this.busy.has(key)) this.overlaps.push(`${verb} ${key}`);
    this.busy.add(key);
    this.calls.push(`${verb} ${key}`);
    await this.delay();
    this.busy.delete(key);
    if (this.fails(verb)) {
      // Whether a failed operation took effect is anybody's guess.
      if (verb === 'bind' && this.calls.length % 2 === 0) this.bound.add(key);
      throw new AppError('unavailable', 'no');
    }
    if (verb === 'bind') this.bound.add(key);
    else this.bound.delete(key);
  }
}

const immediately = () => Promise.resolve();
const soon = () => new Promise<void>((resolve) => setImmediate(resolve));

function bindingsOn(feed: BindingFeed, collapseIdsAbove = 64, unbindDebounceMs = 5): BrokerBindings {
  return new BrokerBindings(feed, { collapseIdsAbove, unbindDebounceMs, logger: silentLogger });
}

async function take(bindings: BrokerBindings, text: string): Promise<BindingLease> {
  const lease = bindings.acquire(parseBinding(text));
  await lease.bound;
  return lease;
}

it('binds once for many and unbinds after the last', async () => {
  const feed = new SlowFeed(soon);
  const bindings = bindingsOn(feed);

  const leases = await Promise.all(Array.from({ length: 50 }, () => take(bindings, 'call.*.*')));
  leases.slice(1).forEach((lease) => lease.release());
  expect(feed.calls).toEqual(['bind call call.*.*.#']);

  leases[0]!.release();
  leases[0]!.release();
  await waitUntil(() => bindings.size === 0);
  expect(feed.calls).toEqual(['bind call call.*.*.#', 'unbind call call.*.*.#']);
});

it('keeps a binding that is taken again within the debounce', async () => {
  const feed = new SlowFeed(immediately);
  const bindings = bindingsOn(feed, 64, 60_000);

  for (let round = 0; round < 3; round += 1) (await take(bindings, 'call.*.*')).release();

  expect(feed.calls).toEqual(['bind call call.*.*.#']);
  await bindings.close();
  expect(feed.bound.size).toBe(0);
});

it('collapses many ids under one prefix to the wildcard', async () => {
  const feed = new SlowFeed(soon);
  const bindings = bindingsOn(feed, 4);

  for (let id = 0; id < 10; id += 1) await take(bindings, `call.*.id${id}`);

  await waitUntil(() => feed.bound.size === 1);
  expect([...feed.bound]).toEqual(['call call.*.*.#']);
});

it('lets the ids go only once the wildcard stands', async () => {
  const feed = new SlowFeed(soon);
  const bindings = bindingsOn(feed, 4, 1);
  const stands = deferred();
  const bind = feed.bind.bind(feed);
  feed.bind = async (exchange, pattern) => {
    if (pattern.endsWith('#')) await stands.promise;
    await bind(exchange, pattern);
  };
  for (let id = 0; id < 4; id += 1) await take(bindings, `call.*.id${id}`);

  const fifth = take(bindings, 'call.*.id4');
  // A whole debounce goes by.
  (await take(bindings, 'object.*.user')).release();
  await waitUntil(() => !feed.bound.has('object object.*.user'));
  expect(feed.bound.size).toBe(4);

  stands.resolve();
  await fifth;
  await waitUntil(() => feed.bound.size === 1);
});

it('never runs two operations on one pair at once', async () => {
  const steps: (() => void)[] = [];
  const feed = new SlowFeed(() => new Promise((resolve) => steps.push(resolve)));
  const bindings = bindingsOn(feed, 64, 1);
  const finish = async (): Promise<void> => {
    await waitUntil(() => steps.length > 0);
    steps.shift()!();
  };

  // Released while the bind is under way; the debounce ends long before the broker answers.
  bindings.acquire(parseBinding('call.*.*')).release();
  const other = take(bindings, 'object.*.user');
  await waitUntil(() => steps.length === 2);
  steps.splice(1)[0]!();
  (await other).release();
  await waitUntil(() => feed.calls.includes('unbind object object.*.user'));
  expect(feed.calls.filter((call) => call.includes('call.*.*'))).toEqual(['bind call call.*.*.#']);

  for (let left = 3; left > 0; left -= 1) await finish();
  await waitUntil(() => bindings.size === 0);
  expect(feed.overlaps).toEqual([]);
});

it('goes back to ids when few are left, and lets the wildcard go only once they stand', async () => {
  const feed = new SlowFeed(soon);
  const bindings = bindingsOn(feed, 4, 1);
  const leases: BindingLease[] = [];
  for (let id = 0; id < 10; id += 1) leases.push(await take(bindings, `call.*.id${id}`));
  await waitUntil(() => feed.bound.size === 1);
  const stands = deferred();
  const bind = feed.bind.bind(feed);
  feed.bind = async (exchange, pattern) => {
    if (pattern.includes('id')) await stands.promise;
    await bind(exchange, pattern);
  };

  leases.slice(2).forEach((lease) => lease.release());
  // A whole debounce goes by.
  (await take(bindings, 'object.*.user')).release();
  await waitUntil(() => !feed.bound.has('object object.*.user'));
  expect([...feed.bound]).toEqual(['call call.*.*.#']);

  stands.resolve();
  await waitUntil(() => !feed.bound.has('call call.*.*.#'));
  expect([...feed.bound].sort()).toEqual(['call call.*.id0', 'call call.*.id1']);
});

it('tells whoever asked when the broker refuses, and tries again for the next', async () => {
  let refuse = true;
  const feed = new SlowFeed(soon, (verb) => verb === 'bind' && refuse);
  const bindings = bindingsOn(feed);

  const first = bindings.acquire(parseBinding('call.*.*'));
  await expect(first.bound).rejects.toThrow('no');
  refuse = false;
  const second = bindings.acquire(parseBinding('call.*.*'));
  await second.bound;
  first.release();
  expect([...feed.bound]).toEqual(['call call.*.*.#']);

  second.release();
  await waitUntil(() => feed.bound.size === 0);
});

it('tries an unbind again that failed', async () => {
  let refusals = 2;
  const feed = new SlowFeed(soon, (verb) => verb === 'unbind' && refusals-- > 0);
  const bindings = bindingsOn(feed);

  (await take(bindings, 'call.*.*')).release();

  await waitUntil(() => feed.bound.size === 0);
  expect(bindings.size).toBe(0);
});

it('whatever the order of events: bound while held, and nothing left in the end', async () => {
  const texts = [
    'call.*.*',
    ...Array.from({ length: 8 }, (_, id) => `call.*.id${id}`),
    'call.*.a.b',
    'call.*.a%2Eb',
    'object.*.user',
  ];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.constantFrom(...texts), turns: fc.nat(6), wait: fc.boolean() }), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.array(fc.nat(4), { minLength: 1, maxLength: 20 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
      async (clients, delays, failures) => {
        let step = 0;
        const delay = async (): Promise<void> => {
          for (let turn = delays[step++ % delays.length]!; turn > 0; turn -= 1) await soon();
        };
        const fails = (): boolean => step < 30 && failures[step % failures.length]! && step % 3 === 0;
        const feed = new SlowFeed(delay, fails);
        const bindings = bindingsOn(feed, 3, 1);

        await Promise.all(
          clients.map(async ({ text, turns, wait }) => {
            for (let turn = turns; turn > 0; turn -= 1) await soon();
            const binding = parseBinding(text);
            const lease = bindings.acquire(binding);
            const granted = wait
              ? await lease.bound.then(
                  () => true,
                  () => false,
                )
              : false;
            for (let turn = turns; turn > 0; turn -= 1) {
              if (granted) {
                const covered =
                  binding.patterns.every((pattern) => feed.bound.has(`call ${pattern}`)) ||
                  feed.bound.has(`${binding.exchange} ${binding.collapsedPattern}`);
                expect({ text, covered }).toEqual({ text, covered: true });
              }
              await soon();
            }
            lease.release();
          }),
        );

        await waitUntil(() => bindings.size === 0 && feed.bound.size === 0, {
          timeoutMs: 2_000,
          intervalMs: 1,
        });
        expect(feed.overlaps).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
