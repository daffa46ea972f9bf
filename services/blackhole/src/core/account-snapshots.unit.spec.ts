import { deferred, type Deferred } from '@ringdown/core';
import { AccountSnapshots, type AccountSnapshot } from './account-snapshots';

function setUp() {
  const asked: { readonly accountId: string; readonly answer: Deferred<AccountSnapshot> }[] = [];
  const snapshots = new AccountSnapshots((accountId) => {
    const answer = deferred<AccountSnapshot>();
    asked.push({ accountId, answer });
    return answer.promise;
  });
  return { asked, snapshots };
}

function snapshot(offset: number): AccountSnapshot {
  return { channels: [], offset, contained: new Set(), windowMs: 1 };
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('gives nobody an answer that was asked for before they came, and shares the next', async () => {
  const { asked, snapshots } = setUp();

  const first = snapshots.take('a');
  const others = [snapshots.take('a'), snapshots.take('a')];
  expect(asked).toHaveLength(1);
  asked[0]!.answer.resolve(snapshot(1));
  await soon();
  expect(asked).toHaveLength(2);
  const last = snapshots.take('a');
  asked[1]!.answer.resolve(snapshot(2));
  await soon();
  asked[2]!.answer.resolve(snapshot(3));

  expect((await first).offset).toBe(1);
  expect((await Promise.all(others)).map(({ offset }) => offset)).toEqual([2, 2]);
  expect((await last).offset).toBe(3);
});

it('asks for several accounts at once', () => {
  const { asked, snapshots } = setUp();

  void snapshots.take('a');
  void snapshots.take('b');

  expect(asked.map(({ accountId }) => accountId)).toEqual(['a', 'b']);
});

it('asks again after a failure, which is for those alone who waited for that answer', async () => {
  const { asked, snapshots } = setUp();

  const failed = snapshots.take('a');
  const waiting = snapshots.take('a');
  asked[0]!.answer.reject(new Error('down'));
  await expect(failed).rejects.toThrow('down');
  await soon();
  asked[1]!.answer.resolve(snapshot(2));

  expect((await waiting).offset).toBe(2);
});
