import {
  changeDocument,
  createAccount,
  createDocument,
  deleteDocument,
  loginUser,
} from '@ringdown/contracts';
import { TokenCodec } from '@ringdown/auth';
import { newId, silentLogger } from '@ringdown/core';
import { migrate, outboxMigrations, type Database } from '@ringdown/database';
import type { Kysely } from 'kysely';
import { objectMigrations } from '../../adapters/migrations';
import type { ObjectTables } from '../../adapters/tables';
import { hashPassword, newKdf } from '../../auth/password-hash';
import { AUTH_SECRETS, Harness, ROOT } from '../harness';
import { client_ip, person, type DataFixture } from './fixture';

/** Addresses as names of logins; part of the section on logins. */
export function loginsByEmail(suite: DataFixture): void {
  const { ask, change, create, read, remove } = suite;

  describe('by e-mail', () => {
    let address: string;
    beforeEach(() => {
      address = `ann.${suite.account}@acme.example`;
    });
    const byEmail = (email: string, password: string) => ask(loginUser, { email, password, client_ip });
    const taken = { code: 'validation_failed', details: { email: { unique: {} } } };

    it('work whatever the case, and tell who it is, as those by username and account do', async () => {
      const { doc } = await create('user', {
        ...person,
        username: 'Ann',
        email: address.replace('ann', 'Ann'),
        password: 'secret',
      });
      const { doc: self } = await read('account', suite.account);

      for (const name of [
        { email: address.toUpperCase() },
        { username: 'ANN', account_name: String(self['name']) },
        { username: 'ann', account_realm: String(self['realm']) },
      ]) {
        const result = await ask(loginUser, { ...name, password: 'secret', client_ip });
        expect(result).toMatchObject({
          account_id: suite.account,
          owner_id: doc.id,
          user: { id: doc.id, username: 'ann', ...person, email: address.replace('ann', 'Ann') },
        });
        expect(new TokenCodec(AUTH_SECRETS).verify(result.auth_token)).toMatchObject({
          accountId: suite.account,
          userId: doc.id,
        });
      }
    });

    it('fail in one way, whatever is wrong', async () => {
      await create('user', { ...person, username: 'ann', email: address, password: 'secret' });
      await create('user', { ...person, username: 'nopass', email: `no.${address}` });
      const refused = { code: 'unauthorized', message: 'invalid_credentials' };
      await expect(byEmail(address, 'wrong')).rejects.toMatchObject(refused);
      await expect(byEmail(`no.${address}`, 'secret')).rejects.toMatchObject(refused);
      await expect(byEmail(`other.${address}`, 'secret')).rejects.toMatchObject(refused);
      await expect(byEmail('', 'secret')).rejects.toMatchObject({ code: expect.any(String) as string });
      for (const name of [{}, { email: address, username: 'ann' }, { username: 'ann' }]) {
        await expect(ask(loginUser, { ...name, password: 'secret', client_ip })).rejects.toMatchObject({
          code: 'validation_failed',
        });
      }
    });

    it('are locked for a disabled user', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', email: address, password: 'x' });
      await change('user', doc.id, 'merge', { enabled: false });
      await expect(byEmail(address, 'x')).rejects.toMatchObject({ code: 'locked' });
      await expect(byEmail(address, 'y')).rejects.toMatchObject({ code: 'unauthorized' });
    });

    it('have addresses unique in all accounts, also when two ask at once', async () => {
      const { doc: elsewhere } = await ask(createAccount, {
        account_id: suite.account,
        actor: suite.h.actor,
        data: { name: `Other ${suite.account}` },
      });
      const make = (at: string, username: string) =>
        ask(createDocument, {
          account_id: at,
          type: 'user',
          actor: suite.h.actor,
          data: { ...person, username, email: address, password: 'x' },
        });
      const outcomes = await Promise.allSettled([make(suite.account, 'a'), make(elsewhere.id, 'b')]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({ reason: taken });
      await expect(
        create('user', { ...person, username: 'c', email: address.toUpperCase(), password: 'x' }),
      ).rejects.toMatchObject(taken);
    });

    it('are for users with a password: others may share an address until they get one', async () => {
      await create('user', { ...person, username: 'ann', email: address, password: 'secret' });
      const { doc } = await create('user', { ...person, username: 'box', email: address });
      await expect(change('user', doc.id, 'merge', { password: 'x' })).rejects.toMatchObject(taken);
      await change('user', doc.id, 'merge', { password: 'x', email: `box.${address}` });
      await expect(byEmail(`box.${address}`, 'x')).resolves.toMatchObject({ owner_id: doc.id });
      await expect(change('user', doc.id, 'merge', { email: address })).rejects.toMatchObject(taken);
    });

    it('follow the document, and a user or account that goes leaves its address to others', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', email: address, password: 'x' });
      await change('user', doc.id, 'merge', { email: `new.${address}` });
      await expect(byEmail(address, 'x')).rejects.toMatchObject({ code: 'unauthorized' });
      await expect(byEmail(`new.${address}`, 'x')).resolves.toMatchObject({ owner_id: doc.id });
      await change('user', doc.id, 'merge', { password: null });
      await expect(byEmail(`new.${address}`, 'x')).rejects.toMatchObject({ code: 'unauthorized' });

      const { doc: next } = await create('user', {
        ...person,
        username: 'b',
        email: address,
        password: 'x',
      });
      await remove('user', next.id);
      await create('user', { ...person, username: 'c', email: address, password: 'x' });
      await ask(deleteDocument, {
        account_id: suite.account,
        type: 'account',
        id: suite.account,
        actor: suite.h.actor,
      });
      await expect(byEmail(address, 'x')).rejects.toMatchObject({ code: 'unauthorized' });
      const { doc: heir } = await ask(createDocument, {
        account_id: suite.h.accountId,
        type: 'user',
        actor: suite.h.actor,
        data: { ...person, username: `heir-${suite.account}`, email: address, password: 'x' },
      });
      await expect(byEmail(address, 'x')).resolves.toMatchObject({ owner_id: heir.id });
    });

    it('are tried as often as others may be: per address of the client and per e-mail', async () => {
      const other = await Harness.start(await suite.open(), { settings: { authAttemptsPerMinute: 3 } });
      const attempt = (email: string, ip: string) =>
        other.ask(loginUser, { email, password: 'guess', client_ip: ip });
      for (const n of [1, 2, 3]) {
        await expect(attempt(ROOT.email, `192.0.2.${n}`)).rejects.toMatchObject({ code: 'unauthorized' });
      }
      await expect(attempt(ROOT.email.toUpperCase(), '192.0.2.9')).rejects.toMatchObject({
        code: 'rate_limited',
      });
      for (const n of [1, 2, 3]) {
        await expect(attempt(`${n}@nobody.example`, '192.0.2.8')).rejects.toMatchObject({
          code: 'unauthorized',
        });
      }
      await expect(attempt('4@nobody.example', '192.0.2.8')).rejects.toMatchObject({
        code: 'rate_limited',
      });
      await other.stop();
    }, 60_000);

    it('of a database from before belong to the oldest of several; the others keep their usernames', async () => {
      const old = await suite.open();
      const { component, migrations } = objectMigrations;
      const before = migrations.findIndex(({ name }) => name === 'logins by e-mail');
      const past = [outboxMigrations, { component, migrations: migrations.slice(0, before) }];
      await migrate(old, past, silentLogger);
      const made = await usersOfThePast(old);
      const later = await Harness.start(old);
      const ask = (request: object) => later.ask(loginUser, { ...request, password: 'secret', client_ip });
      const edit = (id: string, data: Record<string, unknown>) =>
        later.ask(changeDocument, {
          account_id: made.account,
          type: 'user',
          id,
          mode: 'merge',
          actor: later.actor,
          data,
        });

      await expect(ask({ email: 'shared@past.example' })).resolves.toMatchObject({ owner_id: made.first });
      await expect(ask({ username: 'second', account_name: 'past' })).resolves.toMatchObject({
        owner_id: made.second,
      });
      await edit(made.second, { first_name: 'Changed' });
      await expect(ask({ email: 'shared@past.example' })).resolves.toMatchObject({ owner_id: made.first });

      await edit(made.first, { email: 'own@past.example' });
      await edit(made.second, { first_name: 'Again' });
      await expect(ask({ email: 'shared@past.example' })).resolves.toMatchObject({ owner_id: made.second });
      await expect(edit(made.first, { email: 'Shared@past.example' })).rejects.toMatchObject(taken);
      await later.stop();
    }, 60_000);
  });
}

/** Two users with one address, as they could be made before addresses were unique; a mailbox user before both. */
async function usersOfThePast(database: Database) {
  const ids = { account: newId(), first: newId(), second: newId(), silent: newId() };
  const kdf = newKdf();
  const row = { revision: 1, rev: '1-a', deleted: false, created_at: 0, modified_at: 0, secrets: '{}' };
  const db = database.tables<ObjectTables>();
  await db
    .insertInto('accounts')
    .values({
      id: ids.account,
      parent_id: null,
      tree: [],
      name_key: 'past',
      realm_key: 'past.example',
      enabled: true,
      superduper_admin: true,
      deleted: false,
      kdf,
    })
    .execute();
  const document = (id: string, type: string, doc: object) => ({
    ...row,
    id,
    type,
    account_id: ids.account,
    parent_id: null,
    doc: JSON.stringify(doc),
  });
  await db
    .insertInto('documents')
    .values(document(ids.account, 'account', { name: 'Past', realm: 'past.example' }))
    .execute();
  for (const name of ['silent', 'first', 'second'] as const) {
    const email = name === 'first' ? 'Shared@Past.example' : 'shared@past.example';
    await db
      .insertInto('documents')
      .values(document(ids[name], 'user', { ...person, username: name, email }))
      .execute();
    const hashes = name === 'silent' ? undefined : await hashPassword(kdf, name, 'secret');
    const login = {
      user_id: ids[name],
      account_id: ids.account,
      username_key: name,
      md5_hash: hashes?.md5 ?? null,
      sha_hash: hashes?.sha ?? null,
      enabled: true,
      priv_level: 'user' as const,
      epoch: 1,
      deleted: false,
    };
    // Of the columns there were then.
    await (db as unknown as Kysely<{ credentials: typeof login }>)
      .insertInto('credentials')
      .values(login)
      .execute();
  }
  return ids;
}
