import { AppError, deferred, type Deferred } from '@ringdown/core';
import { until } from '../contract/until';
import { Fences } from './fences';

/** Fences whose writing the test lets succeed or fail. */
function setUp(): { fences: Fences; written: { readonly key: string; readonly confirm: Deferred }[] } {
  const written: { key: string; confirm: Deferred }[] = [];
  const fences = new Fences('journal.call', (key) => {
    const confirm = deferred();
    written.push({ key, confirm });
    return confirm.promise;
  });
  return { fences, written };
}

describe('fences', () => {
  it('never share one that was written before the call', async () => {
    const { fences, written } = setUp();
    const early = fences.wait(5_000);
    const late = [fences.wait(5_000), fences.wait(5_000)];
    expect(written).toHaveLength(1);

    written[0]!.confirm.resolve();
    fences.onRead(written[0]!.key, 7);
    expect(await early).toBe(7);
    await until('the second is written', () => written.length === 2);
    fences.onRead(written[1]!.key, 9);

    expect(await Promise.all(late)).toEqual([9, 9]);
    fences.close();
  });

  it('may be read before they are confirmed', async () => {
    const { fences, written } = setUp();
    const waiting = fences.wait(5_000);
    fences.onRead(written[0]!.key, 1);
    expect(await waiting).toBe(1);
  });

  it('ignore those of others, and repeats of their own', async () => {
    const { fences, written } = setUp();
    const waiting = fences.wait(5_000);
    fences.onRead('_fence.other', 1);
    fences.onRead(written[0]!.key, 2);
    fences.onRead(written[0]!.key, 3);
    expect(await waiting).toBe(2);
  });

  it('are written again when the broker refused for the moment, or the log was lost', async () => {
    const { fences, written } = setUp();
    const waiting = fences.wait(5_000);

    written[0]!.confirm.reject(new AppError('unavailable', 'outbox full'));
    await until('it is written again', () => written.length === 2);
    written[1]!.confirm.resolve();
    await until('it is confirmed', () => fences['current']?.written === true);
    fences.onLost();
    await until('it is written a third time', () => written.length === 3);

    expect(new Set(written.map((it) => it.key)).size).toBe(1);
    fences.onRead(written[0]!.key, 4);
    expect(await waiting).toBe(4);
  });

  it('end with timeout when written and not read, with unavailable when not written', async () => {
    const { fences, written } = setUp();
    const read = expect(fences.wait(50)).rejects.toMatchObject({ code: 'timeout' });
    written[0]!.confirm.resolve();
    await read;

    await expect(fences.wait(50)).rejects.toMatchObject({ code: 'unavailable' });
    expect(written).toHaveLength(2);
    expect(fences['current']).toBeUndefined();
  });

  it('let the next be written when nobody waits for the one under way any more', async () => {
    const { fences, written } = setUp();
    const first = expect(fences.wait(20)).rejects.toMatchObject({ code: 'unavailable' });
    const second = fences.wait(5_000);
    await first;

    await until('the second is written', () => written.length === 2);
    fences.onRead(written[1]!.key, 5);
    expect(await second).toBe(5);
  });

  it('end with what the broker refused for good', async () => {
    const { fences, written } = setUp();
    const waiting = expect(fences.wait(5_000)).rejects.toMatchObject({ code: 'forbidden' });
    written[0]!.confirm.reject(new AppError('forbidden', 'no permission'));
    await waiting;
  });

  it('end with closed when the reader is closed', async () => {
    const { fences } = setUp();
    const waiting = [fences.wait(5_000), fences.wait(5_000)].map((it) =>
      expect(it).rejects.toMatchObject({ code: 'closed' }),
    );
    fences.close();
    await Promise.all(waiting);
  });
});
