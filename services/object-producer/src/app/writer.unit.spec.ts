import { silentLogger } from '@ringdown/core';
import type { Stores } from '../ports';
import { Writer } from './writer';

it('a repetition whose first answer is forgotten at this very moment is a conflict, nothing broken', async () => {
  const requests = { remember: () => Promise.resolve(false), find: () => Promise.resolve(undefined) };
  const stores = { requests } as unknown as Stores;
  const writer = new Writer(
    stores,
    (work) => work(stores, () => Promise.resolve()),
    { kick: () => undefined, announce: () => Promise.resolve() },
    () => 0,
    silentLogger,
  );

  await expect(
    writer.once({ requestId: 'r', asked: {} }, () => Promise.resolve('done')),
  ).rejects.toMatchObject({ code: 'conflict' });
});
