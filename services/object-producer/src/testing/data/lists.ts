import type { ListQuery } from '@ringdown/contracts';
import type { DataFixture } from './fixture';

/** Pages and filters. */
export function lists(suite: DataFixture): void {
  const { create, list } = suite;

  describe('lists', () => {
    it('come in pages that together are everything once, in both directions', async () => {
      const made: string[] = [];
      for (let n = 0; n < 7; n += 1) made.push((await create('media', { name: `m${n}` })).doc.id);

      for (const descending of [false, true]) {
        const seen: string[] = [];
        let start_key: string | undefined;
        do {
          const page = await list('media', { page_size: 3, descending, start_key });
          seen.push(...page.docs.map(({ id }) => id));
          expect(page.page_size).toBe(3);
          start_key = page.next_start_key;
        } while (start_key !== undefined);
        expect(seen).toEqual(descending ? [...made].reverse() : made);
      }
    });

    it('of large documents are cut to what one answer may hold, and go on where they ended', async () => {
      const made: string[] = [];
      for (let n = 0; n < 5; n += 1) {
        made.push((await create('media', { name: `m${n}`, notes: 'x'.repeat(2_000_000) })).doc.id);
      }
      for (const descending of [false, true]) {
        const seen: string[] = [];
        let start_key: string | undefined;
        do {
          const page = await list('media', { page_size: 1000, descending, start_key });
          expect(JSON.stringify(page).length).toBeLessThan(8_000_000);
          expect(page.docs.length).toBeGreaterThan(0);
          seen.push(...page.docs.map(({ id }) => id));
          start_key = page.next_start_key;
        } while (start_key !== undefined);
        expect(seen).toEqual(descending ? [...made].reverse() : made);
      }
    });

    it.each(['garbage', '', 'WzEsLTFd', 'eyJhIjoxfQ', '\0'])('refuse the start key %j', async (start_key) => {
      await expect(list('media', { start_key })).rejects.toMatchObject({ code: 'validation_failed' });
    });

    it('are filtered by exact values, presence and times', async () => {
      const red = await create('device', { name: 'A', color: 'red', on: true, deep: { x: 1 } });
      const blue = await create('device', { name: 'B', color: 'blue' });
      const names = async (query: ListQuery) => (await list('device', query)).docs.map(({ id }) => id);

      expect(await names({ filter: { color: 'red' } })).toEqual([red.doc.id]);
      expect(await names({ filter: { on: 'true', 'deep.x': '1' } })).toEqual([red.doc.id]);
      expect(await names({ filter: { color: 'red', name: 'B' } })).toEqual([]);
      expect(await names({ filter_not: { color: 'red' } })).toEqual([blue.doc.id]);
      expect(await names({ has_key: 'deep.x' })).toEqual([red.doc.id]);
      expect(await names({ key_missing: 'on' })).toEqual([blue.doc.id]);
      expect(await names({ filter: { id: blue.doc.id } })).toEqual([blue.doc.id]);
      const [event] = await suite.h.eventsOf(red.doc.id, 1);
      const created = Number(event?.body['date_created']);
      expect(await names({ created_from: created, created_to: created + 60 })).toContain(red.doc.id);
      expect(await names({ created_from: created + 3600 })).toEqual([]);
      expect(await names({ modified_to: created - 1 })).toEqual([]);
      expect(await names({ created_from: -1e15, modified_to: 9e15 })).toHaveLength(2);
    });

    it('survive filters that no database can compare', async () => {
      await expect(list('device', { filter: { name: 'a\0b' } })).rejects.toMatchObject({
        code: 'bad_request',
      });
      expect((await list('device', { filter: { "a'; drop table x; --": "'" } })).docs).toEqual([]);
    });
  });
}
