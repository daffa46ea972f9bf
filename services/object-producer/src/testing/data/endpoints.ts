import {
  createAccount,
  createDocument,
  listAccountEndpoints,
  listEndpoints,
  type Endpoint,
  type EndpointPage,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { person, type DataFixture } from './fixture';

/** Devices as call-producers ask for them. */
export function endpoints(suite: DataFixture): void {
  const { ask, change, create, read, remove } = suite;

  describe('endpoints', () => {
    const device = async (data: Record<string, unknown>) =>
      (await create('device', { name: 'D', ...data })).doc.id;
    const sip = (username: string) => ({ sip: { username, password: 'secret' } });
    const ofAccount = async (account_id = suite.account, page: EndpointPage = {}) =>
      (await ask(listAccountEndpoints, { account_id, ...page })).endpoints;
    const all = async (limit: number): Promise<Endpoint[]> => {
      const found: Endpoint[] = [];
      let after: string | undefined;
      do {
        const { endpoints, next } = await ask(listEndpoints, { after, limit });
        expect(endpoints.length).toBeLessThanOrEqual(limit);
        found.push(...endpoints);
        after = next;
      } while (after !== undefined);
      return found;
    };

    it('are the devices with a SIP username, with what their calls are attributed by', async () => {
      const { doc: self } = await read('account', suite.account);
      const { doc: owner } = await create('user', { ...person, presence_id: '2001' });
      const owned = await device({ ...sip('ann'), owner_id: owner.id });
      const plain = await device(sip('desk'));
      await device({ sip: { password: 'secret' } });
      await device({});

      const of = {
        account_id: suite.account,
        account_name: self['name'],
        realm: self['realm'],
        enabled: true,
      };
      const created = expect.any(Number) as number;
      const expected = [
        {
          ...of,
          device_id: owned,
          username: 'ann',
          owner_id: owner.id,
          presence_id: '2001',
          created,
        },
        { ...of, device_id: plain, username: 'desk', created },
      ].sort((a, b) => (a.device_id < b.device_id ? -1 : 1));
      expect(await ofAccount()).toEqual(expected);
      const [event] = await suite.h.eventsOf(plain, 1);
      expect((await ofAccount()).find(({ device_id }) => device_id === plain)?.created).toBe(
        event?.body['date_created'],
      );
    });

    it('come in pages by device id that together are every device of every account once', async () => {
      const other = await ask(createAccount, {
        account_id: suite.account,
        actor: suite.h.actor,
        data: { name: `Other ${suite.account}` },
      });
      const elsewhere = await ask(createDocument, {
        account_id: other.doc.id,
        type: 'device',
        actor: suite.h.actor,
        data: { name: 'D', ...sip('same') },
      });
      const made = [elsewhere.doc.id];
      for (let n = 0; n < 5; n += 1) made.push(await device(sip('same')));

      for (const limit of [1, 2, 1000]) {
        const ids = (await all(limit)).map(({ device_id }) => device_id);
        expect(ids).toEqual([...new Set(ids)].sort());
        expect(ids).toEqual(expect.arrayContaining(made));
      }
      const [, second, ...rest] = await ofAccount();
      expect(await ofAccount(suite.account, { after: second?.device_id })).toEqual(rest);
      expect(rest).toHaveLength(3);
      const first = await ask(listAccountEndpoints, { account_id: suite.account, limit: 2 });
      expect(first.next).toBe(second?.device_id);
      expect(await ofAccount(newId())).toEqual([]);
      await expect(ask(listEndpoints, { limit: 0 })).rejects.toMatchObject({ code: 'validation_failed' });
    });

    it('that are disabled are told as such; deleted ones are gone, and so is a deleted owner', async () => {
      const { doc: owner } = await create('user', { ...person, presence_id: '2001' });
      const off = await device({ ...sip('off'), enabled: false });
      const gone = await device(sip('gone'));
      const kept = await device({ ...sip('kept'), owner_id: owner.id });
      await remove('device', gone);
      await remove('user', owner.id);

      const found = new Map((await ofAccount()).map((endpoint) => [endpoint.device_id, endpoint]));
      expect([...found.keys()].sort()).toEqual([off, kept].sort());
      expect(found.get(off)).toMatchObject({ enabled: false });
      expect(found.get(kept)).toMatchObject({ enabled: true });
      expect(found.get(kept)).not.toHaveProperty('presence_id');

      await change('account', suite.account, 'merge', { enabled: false });
      expect((await ofAccount()).map(({ enabled }) => enabled)).toEqual([false, false]);
      await remove('account', suite.account);
      expect(await ofAccount()).toEqual([]);
      expect((await all(1000)).filter(({ account_id }) => account_id === suite.account)).toEqual([]);
    });
  });
}
