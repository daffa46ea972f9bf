import { createDocument, getDocument } from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { person, type DataFixture } from './fixture';

/** What a document is made of, how it changes and when it is gone. */
export function documents(suite: DataFixture): void {
  const { ask, change, create, list, read, remove } = suite;

  describe('documents', () => {
    it('are read as they were created, with defaults and unknown members, without private ones', async () => {
      const made = await create('device', {
        name: 'Desk',
        color: { shade: 'red' },
        pvt_owner: 'x',
        _rev: 'old',
        id: 'mine',
        nested: { pvt_deep: 1, _: 'a callflow branch' },
      });

      expect(made).toEqual({
        doc: {
          id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          name: 'Desk',
          enabled: true,
          color: { shade: 'red' },
          nested: { _: 'a callflow branch' },
        },
        revision: 1,
      });
      expect(await read('device', made.doc.id)).toEqual(made);
    });

    it('name every faulty field in the words of Kazoo', async () => {
      await expect(
        create('user', { first_name: '', username: 'has space', email: 5, priv_level: 'god', password: 'x' }),
      ).rejects.toMatchObject({
        code: 'validation_failed',
        details: {
          first_name: { minLength: { message: 'String must be at least 1 characters', target: 1 } },
          last_name: { required: { message: 'Field is required but missing' } },
          username: { pattern: { message: expect.stringContaining('Failed to match pattern') as string } },
          email: { type: { message: 'Value did not match type(s): string', target: 'string' } },
          priv_level: {
            enum: { message: 'Value not found in enumerated list of values', target: ['user', 'admin'] },
          },
        },
      });
      await expect(create('vmbox', { name: 'Box', mailbox: '1', pin: '12' })).rejects.toMatchObject({
        details: { pin: { minLength: { target: 4 } } },
      });
      await expect(create('device', { name: 'D', sip: { password: 1 } })).rejects.toMatchObject({
        details: { 'sip.password': { type: { target: 'string' } } },
      });
      await expect(create('user', { ...person, password: 'secret' })).rejects.toMatchObject({
        details: { username: { required: {} } },
      });
    });

    it.each([
      ['a NUL character', 'a\0b'],
      ['half a surrogate pair', '\ud800'],
    ])('refuse %s with its path', async (_, text) => {
      await expect(create('media', { name: 'M', deep: [{ member: text }] })).rejects.toMatchObject({
        code: 'validation_failed',
        details: { 'deep.0.member': { invalid: {} } },
      });
    });

    it('are merged by PATCH, where null removes, and replaced by POST', async () => {
      const { doc } = await create('device', { name: 'Desk', a: { b: 1, c: 2 }, d: [1, 2] });

      const merged = await change('device', doc.id, 'merge', { a: { b: null, e: 3 }, d: [3] });
      expect(merged).toMatchObject({ revision: 2, doc: { name: 'Desk', a: { c: 2, e: 3 }, d: [3] } });
      expect(merged.doc['a']).not.toHaveProperty('b');

      const replaced = await change('device', doc.id, 'replace', { name: 'Other' });
      expect(replaced).toEqual({ revision: 3, doc: { id: doc.id, name: 'Other', enabled: true } });
    });

    it('refuse a change made to an older revision', async () => {
      const { doc } = await create('device', { name: 'Desk' });
      await change('device', doc.id, 'merge', { name: 'Two' });

      await expect(change('device', doc.id, 'merge', { name: 'x' }, { if_match: 1 })).rejects.toMatchObject({
        code: 'precondition_failed',
      });
      await expect(change('device', doc.id, 'merge', { name: 'x', revision: 1 })).rejects.toMatchObject({
        code: 'conflict',
      });
      await expect(change('device', doc.id, 'merge', { _rev: '1-abc' })).rejects.toMatchObject({
        code: 'conflict',
      });
      await expect(remove('device', doc.id, { if_match: 1 })).rejects.toMatchObject({
        code: 'precondition_failed',
      });
      await expect(change('device', doc.id, 'merge', { revision: {} })).rejects.toMatchObject({
        code: 'validation_failed',
      });
      const kept = await change('device', doc.id, 'merge', { name: 'Three', revision: 2 }, { if_match: 2 });
      expect(kept).toEqual({ revision: 3, doc: { id: doc.id, name: 'Three', enabled: true } });
    });

    it('stay small enough to be answered, however many patches they are made of', async () => {
      const { doc } = await create('media', { name: 'M', a: 'x'.repeat(5_000_000) });

      await expect(change('media', doc.id, 'merge', { b: 'x'.repeat(5_000_000) })).rejects.toMatchObject({
        code: 'too_large',
      });
      expect((await read('media', doc.id)).revision).toBe(1);
    });

    it('are gone for everybody after a delete, which answers with the document marked', async () => {
      const { doc } = await create('media', { name: 'Hold' });

      expect(await remove('media', doc.id)).toMatchObject({
        revision: 2,
        doc: { name: 'Hold', _read_only: { deleted: true } },
      });
      for (const gone of [
        () => read('media', doc.id),
        () => remove('media', doc.id),
        () => change('media', doc.id, 'merge', {}),
      ]) {
        await expect(gone()).rejects.toMatchObject({ code: 'not_found', message: 'bad identifier' });
      }
      expect((await list('media')).docs).toEqual([]);
    });

    it('are found under their own account and type only', async () => {
      const { doc } = await create('media', { name: 'Hold' });

      await expect(read('device', doc.id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(
        ask(getDocument, { account_id: suite.h.accountId, type: 'media', id: doc.id }),
      ).rejects.toMatchObject({ code: 'not_found' });
      await expect(create('nonsense', {})).rejects.toMatchObject({ code: 'not_found' });
      await expect(
        ask(createDocument, {
          account_id: newId(),
          type: 'media',
          actor: suite.h.actor,
          data: { name: 'x' },
        }),
      ).rejects.toMatchObject({ code: 'not_found' });
    });

    it('of type group say what rings, and nothing that is unknown there', async () => {
      const [one, two] = [newId(), newId()];
      const endpoints = {
        [one]: { type: 'device', weight: 2, delay: 5, timeout: 20 },
        [two]: { type: 'user' },
      };
      const { doc } = await create('group', {
        name: 'Sales',
        endpoints,
        music_on_hold: { media_id: 'jazz' },
        note: 'kept',
      });

      expect(await read('group', doc.id)).toMatchObject({ doc: { endpoints, note: 'kept' } });
      const [event] = await suite.h.eventsOf(doc.id, 1);
      expect(event).toMatchObject({ routingKey: 'object.doc_created.group' });
      expect(event?.body['doc']).toEqual({ id: doc.id, name: 'Sales', endpoints });

      const faulty = { [one]: { type: 'pet' }, [two]: { weight: 1.5, extra: 1 }, three: {} };
      await expect(create('group', { endpoints: faulty })).rejects.toMatchObject({
        details: {
          name: { required: {} },
          [`endpoints.${one}.type`]: { enum: { target: ['device', 'user', 'group'] } },
          [`endpoints.${two}.type`]: { required: {} },
          [`endpoints.${two}.weight`]: { type: { target: 'integer' } },
          [`endpoints.${two}.extra`]: { additionalProperties: {} },
          'endpoints.three': { additionalProperties: {} },
        },
      });
    });

    it('of a mailbox live and vanish with it', async () => {
      const box = await create('vmbox', { name: 'Box', mailbox: '100' });
      const under = { parent_id: box.doc.id };
      const message = await create('mailbox_message', { from: '100' }, under);

      expect((await list('mailbox_message', {}, under)).docs).toEqual([message.doc]);
      await expect(create('mailbox_message', {}, { parent_id: newId() })).rejects.toMatchObject({
        code: 'not_found',
      });
      await expect(create('mailbox_message', {})).rejects.toMatchObject({ code: 'bad_request' });

      await remove('vmbox', box.doc.id);
      await expect(read('mailbox_message', message.doc.id, under)).rejects.toMatchObject({
        code: 'not_found',
      });
      await expect(list('mailbox_message', {}, under)).rejects.toMatchObject({ code: 'not_found' });
    });
  });
}
