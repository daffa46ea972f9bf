import { silentLogger } from '@ringdown/core';
import type { Stores } from '../ports';
import { Janitor } from './janitor';

/** A store with this many answers too old to keep; notes how many each statement took. */
function backlog(count: number): { readonly stores: Stores; readonly taken: number[] } {
  const taken: number[] = [];
  let left = count;
  const stores = {
    requests: {
      forgetBefore: (_ms: number, limit: number) => {
        const forgotten = Math.min(limit, left);
        left -= forgotten;
        taken.push(forgotten);
        return Promise.resolve(forgotten);
      },
    },
    identity: { forgetRevocationsBefore: () => Promise.resolve() },
  } as unknown as Stores;
  return { stores, taken };
}

describe('the janitor', () => {
  it('takes a backlog in pieces that no statement timeout can undo', async () => {
    const { stores, taken } = backlog(12_000);

    await new Janitor(stores, () => 0, silentLogger).sweep();

    expect(taken).toEqual([5_000, 5_000, 2_000]);
  });

  it('ends between two pieces when it is stopped', async () => {
    const { stores, taken } = backlog(Infinity);
    const janitor = new Janitor(stores, () => 0, silentLogger);
    await janitor.start();

    await janitor.stop();

    expect(taken.length).toBeGreaterThan(0);
  });
});
