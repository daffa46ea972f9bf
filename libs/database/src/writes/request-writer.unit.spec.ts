import { AppError, silentLogger } from '@ringdown/core';
import { openDatabase } from '../open-database';
import type { OutboxEntry } from '../outbox/enqueue';
import { writeSuite } from '../testing/write-suite';
import type { RequestStore } from './request-store';
import { RequestWriter } from './request-writer';

describe('on PGlite', () => {
  writeSuite(() => openDatabase({ logger: silentLogger }));
});

/** Over a store that does what the test says. */
function writerOver(requests: Partial<RequestStore>) {
  const stores = { requests: requests as RequestStore };
  return new RequestWriter({
    stores,
    transact: (work) => work(stores, () => Promise.resolve()),
    begin: (_stores, nowMs) => ({ nowMs, outbox: [] as OutboxEntry[] }),
    kick: () => undefined,
    clock: () => 0,
  });
}

it('a repetition whose first answer is forgotten at this very moment is a conflict, nothing broken', async () => {
  const writer = writerOver({
    remember: () => Promise.resolve(false),
    find: () => Promise.resolve(undefined),
  });

  await expect(writer.once({ keys: ['r'], asked: {} }, () => Promise.resolve('done'))).rejects.toMatchObject({
    code: 'conflict',
  });
});

it('a database that is away is not asked for an earlier answer, too', async () => {
  const find = jest.fn();
  const away = new AppError('unavailable', 'the database is not available');

  await expect(
    writerOver({ find }).once({ keys: ['r'], asked: {} }, () => Promise.reject(away)),
  ).rejects.toBe(away);
  expect(find).not.toHaveBeenCalled();
});
