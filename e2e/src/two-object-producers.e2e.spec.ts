import {
  ForeignAmqp,
  TestSystem,
  createTestDatabase,
  createVhost,
  describeWithServers,
  waitUntil,
  type ForeignMessage,
} from '@ringdown/testing';
import { expectStatus } from './family-tree';

describeWithServers('two object-producers on one database', (servers) => {
  it('announce every committed change, once per message id and in order per document, when one is killed', async () => {
    const vhost = await createVhost(servers);
    const database = await createTestDatabase(servers.databaseUrl);
    const system = await TestSystem.start({
      amqpUrl: vhost.url,
      databaseUrl: database.url,
      objectProducers: 2,
    });
    const admin = await system.admin();
    const foreign = await ForeignAmqp.connect(vhost.url);
    const heard = await foreign.collect('object', 'object.*.callflow');
    const ids: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      const made = await expectStatus(
        201,
        admin.put(`/v2/accounts/${admin.accountId}/callflows`, {
          numbers: [`10${i}`],
          flow: { module: 'user' },
        }),
      );
      ids.push(String(made.data['id']));
    }

    // Writers that go on through the kill. An unanswered write may or may not have happened; the database tells.
    let stop = false;
    let succeeded = 0;
    const writers = ids.map(async (id) => {
      for (let i = 0; !stop; i += 1) {
        const answer = await admin
          .patch(`/v2/accounts/${admin.accountId}/callflows/${id}`, { step: i })
          .catch(() => undefined);
        if (answer?.status === 200) succeeded += 1;
        else if (answer) expect([503, 504]).toContain(answer.status);
      }
    });
    await waitUntil(() => succeeded > 100, { timeoutMs: 30_000 });
    // The one that holds the drainer's lock is the first to have started; kill it, then the other takes over.
    await system.objectProducers[0]!.process.kill9();
    const atKill = succeeded;
    await waitUntil(() => succeeded > atKill + 100, { timeoutMs: 30_000 });
    stop = true;
    await Promise.all(writers);

    const committed = await database.query<{ id: string; revision: number }>(
      "SELECT id, revision FROM ringdown.documents WHERE type = 'callflow'",
    );
    await waitUntil(
      () => committed.every(({ id, revision }) => revisionsOf(unique(heard), id).at(-1) === Number(revision)),
      { timeoutMs: 20_000, what: 'the last revision of each document' },
    );
    for (const { id, revision } of committed) {
      expect(revisionsOf(unique(heard), id)).toEqual(
        Array.from({ length: Number(revision) }, (_, i) => i + 1),
      );
    }
  }, 180_000);
});

/** The first arrival of each message id, as a client that de-duplicates sees it. */
function unique(messages: readonly ForeignMessage[]): ForeignMessage[] {
  const seen = new Set<unknown>();
  return messages.filter(
    ({ properties }) => !seen.has(properties['messageId']) && seen.add(properties['messageId']),
  );
}

function revisionsOf(messages: readonly ForeignMessage[], id: string): number[] {
  return messages
    .map(({ body }) => JSON.parse(body.toString()) as { id: string; rev: string })
    .filter((body) => body.id === id)
    .map(({ rev }) => Number.parseInt(rev, 10));
}
