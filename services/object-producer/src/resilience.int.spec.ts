import { changeDocument, createDocument, getDocument } from '@ringdown/contracts';
import { newId, RecentSet, silentLogger } from '@ringdown/core';
import { openDatabase } from '@ringdown/database';
import { createTestDatabase, describeWithPostgres, TcpProxy, waitUntil } from '@ringdown/testing';
import { Harness } from './testing/harness';

describeWithPostgres('object-producer and a server that goes away', (serverUrl) => {
  it('waits for the database at start, says so, and is ready when it comes', async () => {
    const server = await createTestDatabase();
    const target = new URL(serverUrl);
    const proxy = await TcpProxy.to(Number(target.port || 5432), target.hostname);
    proxy.set('refuse');
    const database = await openDatabase({ url: proxy.rewrite(server.url), logger: silentLogger });
    const built = await Harness.build(database);
    const starting = built.start();
    await waitUntil(() => built.service.readiness().checks['database'] === 'the database is not available');
    expect(built.service.readiness()).toMatchObject({ ready: false });

    proxy.set('pass');
    const harness = await starting;

    await waitUntil(() => harness.service.readiness().ready);
    await harness.stop();
    await database.close();
  });

  it('stops while it waits', async () => {
    const database = await openDatabase({ url: 'postgres://x@127.0.0.1:1/x', logger: silentLogger });
    const { service } = await Harness.build(database);
    const starting = (async () => {
      for (const part of service.components.slice(0, 2)) await part.start();
    })();
    service.beginDrain();
    await starting;
    for (const part of [...service.components].reverse()) await part.stop();
    await database.close();
  });

  it('applies a change once and loses no event when connections break and clients try again', async () => {
    const server = await createTestDatabase();
    const target = new URL(serverUrl);
    const proxy = await TcpProxy.to(Number(target.port || 5432), target.hostname);
    const database = await openDatabase({ url: proxy.rewrite(server.url), logger: silentLogger });
    const h = await Harness.start(database);
    const where = { account_id: h.accountId, type: 'media' };
    const { actor } = h;
    const { doc } = await h.ask(createDocument, { ...where, actor, data: { name: 'M', tally: 0 } });

    const attempts = 40;
    for (let n = 0; n < attempts; n += 1) {
      const requestId = newId();
      const request = { ...where, actor, id: doc.id, mode: 'merge' as const, data: { tally: n } };
      if (n % 8 === 3) setImmediate(() => proxy.cut());
      await waitUntil(
        async () => {
          await h.ask(changeDocument, request, requestId);
          return true;
        },
        { intervalMs: 5 },
      );
    }

    expect((await h.ask(getDocument, { ...where, id: doc.id })).revision).toBe(attempts + 1);
    const firstSeen = (): string[] => {
      const repeats = new RecentSet(10_000);
      return h.events
        .filter(({ body, messageId }) => body['id'] === doc.id && repeats.add(String(messageId)))
        .map(({ body }) => String(body['rev']).split('-')[0] ?? '');
    };
    await waitUntil(() => firstSeen().length === attempts + 1);
    expect(firstSeen()).toEqual(Array.from({ length: attempts + 1 }, (_, n) => String(n + 1)));
    await h.stop();
    await database.close();
  });
});
