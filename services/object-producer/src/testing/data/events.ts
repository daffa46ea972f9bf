import { person, type DataFixture } from './fixture';

/** What a change tells. */
export function events(suite: DataFixture): void {
  const { change, create, remove } = suite;

  describe('events', () => {
    it('tell each change in the form of Kazoo, with the public part of the document', async () => {
      const { doc } = await create('user', { ...person, username: 'Ann', extra: 'unlisted' });
      await change('user', doc.id, 'merge', { last_name: 'Roy' });
      await remove('user', doc.id);
      const events = await suite.h.eventsOf(doc.id, 3);

      expect(events.map(({ routingKey }) => routingKey)).toEqual([
        'object.doc_created.user',
        'object.doc_edited.user',
        'object.doc_deleted.user',
      ]);
      expect(events[1]?.body).toEqual({
        id: doc.id,
        type: 'user',
        account_id: suite.account,
        database: `account%2F${suite.account.slice(0, 2)}%2F${suite.account.slice(2, 4)}%2F${suite.account.slice(4)}`,
        rev: expect.stringMatching(/^2-[0-9a-f]{32}$/) as string,
        is_soft_deleted: false,
        date_created: expect.any(Number) as number,
        date_modified: expect.any(Number) as number,
        event_category: 'configuration',
        event_name: 'doc_edited',
        app_name: 'ringdown',
        app_version: expect.any(String) as string,
        msg_id: events[1]?.messageId,
        doc: {
          id: doc.id,
          first_name: 'Ann',
          last_name: 'Roy',
          username: 'ann',
          priv_level: 'user',
          enabled: true,
        },
      });
      expect(events[2]?.body['is_soft_deleted']).toBe(true);
    });

    it('of a fax come in two families under one message id', async () => {
      const { doc } = await create('fax', { to_number: '+15550100' });
      const events = await suite.h.eventsOf(doc.id, 2);

      expect(events.map(({ exchange, routingKey }) => [exchange, routingKey])).toEqual([
        ['object', 'object.doc_created.fax'],
        ['fax', 'fax.object.doc_created'],
      ]);
      expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(1);
      expect(events[0]?.body).toEqual(events[1]?.body);
    });

    it('of a refused change do not exist', async () => {
      const { doc } = await create('device', { name: 'D' });
      await expect(change('device', doc.id, 'merge', { name: null })).rejects.toMatchObject({
        code: 'validation_failed',
      });
      await change('device', doc.id, 'merge', { name: 'E' });

      const events = await suite.h.eventsOf(doc.id, 2);
      expect(events.map(({ body }) => String(body['rev']).split('-')[0])).toEqual(['1', '2']);
    });

    it('of one document arrive in the order of its revisions, however many write at once', async () => {
      const ids = await Promise.all(
        [1, 2, 3].map(async (n) => (await create('media', { name: `m${n}` })).doc.id),
      );
      await Promise.all(
        ids.flatMap((id) =>
          Array.from({ length: 20 }, (_, n) => change('media', id, 'merge', { description: `${n}` })),
        ),
      );

      for (const id of ids) {
        const events = await suite.h.eventsOf(id, 21);
        const revisions = events.map(({ body }) => Number(String(body['rev']).split('-')[0]));
        expect(revisions).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
        expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(21);
      }
    });
  });
}
