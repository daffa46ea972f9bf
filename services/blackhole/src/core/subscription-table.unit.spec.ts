import { parseBinding, type ClientBinding, type IncomingEvent } from '@ringdown/contracts';
import type { Dialect } from './dialect';
import { SubscriptionTable } from './subscription-table';

const dialect = { name: 'one' } as Dialect;
const otherDialect = { name: 'two' } as Dialect;
const calls = parseBinding('call.*.*');

function event(accountId: string | undefined, routingKey = 'call.CHANNEL_CREATE.x'): IncomingEvent {
  return {
    messageId: undefined,
    family: 'call',
    name: 'CHANNEL_CREATE',
    routingKey,
    accountId,
    timestampMs: 0,
    body: {},
  };
}

it('keeps protocols, accounts and texts apart, and members of the same together', () => {
  const table = new SubscriptionTable<string>();
  table.add(dialect, calls, 'a', 'first');
  table.add(dialect, calls, 'a', 'second');
  table.add(dialect, calls, 'a', 'second');
  table.add(otherDialect, calls, 'a', 'third');
  table.add(dialect, calls, 'b', 'fourth');
  table.add(dialect, parseBinding('call.*.x'), 'a', 'fifth');

  const found = table
    .match(event('a'))
    .map((group) => [group.dialect.name, group.binding.text, ...group.members]);

  expect(found.sort()).toEqual([
    ['one', 'call.*.*', 'first', 'second'],
    ['one', 'call.*.x', 'fifth'],
    ['two', 'call.*.*', 'third'],
  ]);
  expect(table.size).toBe(5);
});

it('finds a group once, also when two of its patterns match', () => {
  const table = new SubscriptionTable<string>();
  const twofold: ClientBinding = { ...calls, patterns: ['call.#', 'call.*.x'] };
  table.add(dialect, twofold, 'a', 'member');

  expect(table.match(event('a'))).toHaveLength(1);
});

it('gives events without an account to the wildcard alone', () => {
  const table = new SubscriptionTable<string>();
  table.add(dialect, calls, 'a', 'a');
  table.add(dialect, calls, '*', 'all');

  const members = (accountId: string | undefined) =>
    table.match(event(accountId)).flatMap((group) => [...group.members]);

  expect(members(undefined)).toEqual(['all']);
  expect(members('')).toEqual(['all']);
  expect(members('a').sort()).toEqual(['a', 'all']);
  expect(members('*')).toEqual(['all']);
});

it('keeps nothing of what was removed, and minds no second removal', () => {
  const table = new SubscriptionTable<string>();
  const bindings = ['call.*.*', 'call.*.a.b', 'call.*.x'].map((text) => parseBinding(text));
  for (const binding of bindings) for (const member of ['m', 'n']) table.add(dialect, binding, 'a', member);

  for (const binding of bindings)
    for (const member of ['m', 'n', 'n']) table.delete(dialect, binding, 'a', member);

  expect({ size: table.size, groups: table.groupCount, scopes: table.scopeCount }).toEqual({
    size: 0,
    groups: 0,
    scopes: 0,
  });
  expect(table.match(event('a'))).toEqual([]);
});
