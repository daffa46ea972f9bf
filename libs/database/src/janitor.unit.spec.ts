import { silentLogger } from '@ringdown/core';
import { Janitor, type Chore } from './janitor';

/** A chore with this much to do; notes how much each statement took. */
function backlog(count: number): { readonly chore: Chore; readonly taken: number[] } {
  const taken: number[] = [];
  let left = count;
  const chore: Chore = (_nowMs, limit) => {
    const forgotten = Math.min(limit, left);
    left -= forgotten;
    taken.push(forgotten);
    return Promise.resolve(forgotten);
  };
  return { chore, taken };
}

describe('the janitor', () => {
  it('takes a backlog in pieces that no statement timeout can undo', async () => {
    const { chore, taken } = backlog(12_000);

    await new Janitor([chore], () => 0, silentLogger).sweep();

    expect(taken).toEqual([5_000, 5_000, 2_000]);
  });

  it('ends between two pieces when it is stopped', async () => {
    const { chore, taken } = backlog(Infinity);
    const janitor = new Janitor([chore], () => 0, silentLogger);
    await janitor.start();

    await janitor.stop();

    expect(taken.length).toBeGreaterThan(0);
  });

  it('does the other chores when one fails', async () => {
    const { chore, taken } = backlog(1);
    const failing = () => Promise.reject(new Error('away'));

    await new Janitor([failing, chore], () => 0, silentLogger).sweep();

    expect(taken).toEqual([1]);
  });
});
