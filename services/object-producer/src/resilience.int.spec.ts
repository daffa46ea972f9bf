import { changeDocument, createDocument, getDocument } from '@ringdown/contracts';
import { newId, silentLogger } from '@ringdown/core';
import { openDatabase } from '@ringdown/database';
import {
  breakableDatabase,
  databaseOutageSuite,
  describeWithPostgres,
  insist,
  waitUntil,
} from '@ringdown/testing';
import { Harness } from './testing/harness';

describeWithPostgres('object-producer and a server that goes away', () => {
  const open = (url: string) => openDatabase({ url, logger: silentLogger });

  databaseOutageSuite({ open, build: (database) => Harness.build(database) });

  it('applies a change once and loses no event when connections break and clients try again', async () => {
    const { url, proxy } = await breakableDatabase();
    const database = await open(url);
    const h = await Harness.start(database);
    const where = { account_id: h.accountId, type: 'media' };
    const { actor } = h;
    const { doc } = await h.ask(createDocument, { ...where, actor, data: { name: 'M', tally: 0 } });

    const attempts = 40;
    for (let n = 0; n < attempts; n += 1) {
      const requestId = newId();
      const request = { ...where, actor, id: doc.id, mode: 'merge' as const, data: { tally: n } };
      if (n % 8 === 3) setImmediate(() => proxy.cut());
      const answers: unknown[] = [];
      // The second time as one whose first answer was lost behind the commit.
      for (let time = 0; time < 2; time += 1) {
        await insist(async () => answers.push(await h.ask(changeDocument, request, { requestId })));
      }
      expect(answers[1]).toEqual(answers[0]);
    }

    expect((await h.ask(getDocument, { ...where, id: doc.id })).revision).toBe(attempts + 1);
    const revisions = (): string[] =>
      h
        .firstSeen(({ body }) => body['id'] === doc.id)
        .map(({ body }) => String(body['rev']).split('-')[0] ?? '');
    await waitUntil(() => revisions().length === attempts + 1);
    expect(revisions()).toEqual(Array.from({ length: attempts + 1 }, (_, n) => String(n + 1)));
    await h.stop();
    await database.close();
  });
});
