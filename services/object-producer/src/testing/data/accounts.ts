import {
  changeDocument,
  createAccount,
  deleteDocument,
  describePrincipal,
  describeRoot,
  listAccounts,
  userAuth,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { ROOT } from '../harness';
import { client_ip, person, type DataFixture } from './fixture';

/** The tree of accounts and its root. */
export function accounts(suite: DataFixture): void {
  const { ask, change, create, list, login, read, remove } = suite;

  describe('accounts', () => {
    const child = (data: Record<string, unknown>, parent = suite.account) =>
      ask(createAccount, { account_id: parent, actor: suite.h.actor, data });

    it('form a tree that lists and descriptions show', async () => {
      const one = await child({ name: `Child ${suite.account}`, realm: `One.${suite.account}.example` });
      const two = await child({ name: `Grandchild ${suite.account}` }, one.doc.id);

      expect(one.doc).toMatchObject({ realm: `one.${suite.account}.example`, enabled: true });
      const under = { account_id: suite.account, query: {} };
      expect((await ask(listAccounts, { ...under, scope: 'children' })).docs).toEqual([
        {
          id: one.doc.id,
          name: one.doc['name'],
          realm: one.doc['realm'],
          tree: [suite.h.accountId, suite.account],
        },
      ]);
      expect((await ask(listAccounts, { ...under, scope: 'descendants' })).docs.map(({ id }) => id)).toEqual([
        one.doc.id,
        two.doc.id,
      ]);
      expect(await ask(describePrincipal, { account_id: two.doc.id })).toEqual({
        account: {
          id: two.doc.id,
          name: two.doc['name'],
          realm: two.doc['realm'],
          enabled: true,
          tree: [suite.h.accountId, suite.account, one.doc.id],
          superduper_admin: false,
        },
        epoch: 0,
      });
      const [event] = await suite.h.eventsOf(one.doc.id, 1);
      expect(event).toMatchObject({
        routingKey: 'object.doc_created.account',
        body: { account_id: one.doc.id, id: one.doc.id },
      });
    });

    it('have names and realms of their own, also when two ask at once', async () => {
      const name = `Same ${suite.account}`;
      const outcomes = await Promise.allSettled([child({ name }), child({ name: name.toUpperCase() })]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'validation_failed', details: { name: { unique: {} } } },
      });
      await child({ name: `A ${suite.account}`, realm: `r.${suite.account}.example` });
      await expect(
        child({ name: `B ${suite.account}`, realm: `R.${suite.account}.example` }),
      ).rejects.toMatchObject({
        details: { realm: { unique: {} } },
      });
      await expect(child({})).rejects.toMatchObject({ details: { name: { required: {} } } });
      await expect(child({ name: 'x' }, newId())).rejects.toMatchObject({ code: 'not_found' });
    });

    it('with children stay; deleted ones take their documents and logins along', async () => {
      const one = await child({ name: `Child ${suite.account}` });
      const { doc: user } = await create('user', { ...person, username: 'ann', password: 'secret' });
      const token = await login('ann', 'secret');
      await expect(remove('account', suite.account)).rejects.toMatchObject({ code: 'conflict' });

      await ask(deleteDocument, {
        account_id: one.doc.id,
        type: 'account',
        id: one.doc.id,
        actor: suite.h.actor,
      });
      await remove('account', suite.account);

      await expect(read('user', user.id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(list('user')).rejects.toMatchObject({ code: 'not_found' });
      await expect(create('media', { name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
      expect(await ask(describePrincipal, { account_id: suite.account, owner_id: token.owner_id })).toEqual({
        account: null,
        user: null,
        epoch: 0,
      });
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'unauthorized' });
      await waitUntil(() =>
        suite.h.changes.some((body) => body.account_id === suite.account && !body.user_id),
      );
      await child({ name: `Child ${suite.account}` }, suite.h.accountId);
    });

    it('keep their realm when replaced, and the root cannot be lost', async () => {
      const replaced = await change('account', suite.account, 'replace', { name: `New ${suite.account}` });
      expect(replaced.doc).toMatchObject({ realm: `${suite.account.slice(0, 12)}.sip.example` });
      const root = {
        account_id: suite.h.accountId,
        type: 'account',
        id: suite.h.accountId,
        actor: suite.h.actor,
      };
      await expect(ask(deleteDocument, root)).rejects.toMatchObject({ code: 'conflict' });
      await expect(
        ask(changeDocument, { ...root, mode: 'merge', data: { enabled: false } }),
      ).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });

  describe('the root account', () => {
    it('is told to who asks', async () => {
      const { account: root } = await ask(describePrincipal, { account_id: suite.h.accountId });

      expect(await ask(describeRoot, {})).toEqual({
        account_id: suite.h.accountId,
        name: ROOT.accountName,
        realm: root?.realm,
      });
    });
  });

  describe('the first start', () => {
    it('made the root account and its super admin, and no other start makes another', async () => {
      const result = await ask(userAuth, {
        account_name: ROOT.accountName,
        username: ROOT.username,
        password: ROOT.password,
        client_ip,
      });
      expect(result).toMatchObject({ account_id: suite.h.accountId, is_master_account: true });
      expect(
        await ask(describePrincipal, { account_id: suite.h.accountId, owner_id: result.owner_id }),
      ).toMatchObject({ account: { superduper_admin: true, tree: [] }, user: { priv_level: 'admin' } });
      expect(await suite.h.service.bootstrap(ROOT)).toEqual({ created: false, accountId: suite.h.accountId });
    });
  });
}
