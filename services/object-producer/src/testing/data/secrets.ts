import { newId } from '@ringdown/core';
import { person, type DataFixture } from './fixture';

/** What is written and never shown. */
export function secrets(suite: DataFixture): void {
  const { change, create, list, read, remove } = suite;

  describe('secrets', () => {
    it('are in no answer, no list, no event and no remembered request', async () => {
      const secret = 'TopSecret8461';
      // Long enough never to occur by chance in an id or a time.
      const pin = '846130846130846';
      const made = [
        ['user', { ...person, username: 'ann', password: secret, hotdesk: { pin } }],
        ['device', { name: 'D', sip: { username: 'd1', password: secret }, auth_token: secret }],
        ['vmbox', { name: 'V', mailbox: '1', pin }],
        [
          'callflow',
          { numbers: ['1'], flow: { module: 'disa', data: { pin, list: [{ password: secret }] } } },
        ],
        ['fax', { to_number: '1', document: { url: 'http://x.example' }, api_key: secret }],
      ] as const;
      const answers: unknown[] = [];
      for (const [type, data] of made) {
        const key = newId();
        const created = await create(type, data, { idempotency_key: key });
        answers.push(created, await read(type, created.doc.id), await list(type));
        answers.push(await change(type, created.doc.id, 'merge', { ...data, note: 'x' }));
        answers.push(await remove(type, created.doc.id));
        answers.push(await suite.h.eventsOf(created.doc.id, 3));
      }
      const stored = await suite.database
        .tables<{ requests: { answer: unknown } }>()
        .selectFrom('requests')
        .selectAll()
        .execute();

      const everything = JSON.stringify([answers, stored, suite.h.events]);
      expect(everything).toContain('d1');
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(pin);
      expect(JSON.stringify(suite.h.events)).not.toMatch(/"sip"|"flow"|pvt_|hash/);
    });

    it('survive a document being sent back as it was read', async () => {
      const { doc } = await create('device', { name: 'D', sip: { username: 'd1', password: 'secret' } });
      await change('device', doc.id, 'replace', doc);

      const rows = await suite.database
        .tables<{ documents: { id: string; secrets: unknown } }>()
        .selectFrom('documents')
        .select('secrets')
        .where('id', '=', doc.id)
        .execute();
      expect(rows).toEqual([{ secrets: { '["sip","password"]': 'secret' } }]);
      await change('device', doc.id, 'merge', { sip: { password: null } });
      expect(
        await suite.database
          .tables<{ documents: { id: string; secrets: unknown } }>()
          .selectFrom('documents')
          .select('secrets')
          .where('id', '=', doc.id)
          .execute(),
      ).toEqual([{ secrets: {} }]);
    });
  });
}
