import { createHash } from 'node:crypto';
import {
  apiAuth,
  createApiKey,
  deleteApiKey,
  describePrincipal,
  listApiKeys,
  listRevocations,
  revokeToken,
  userAuth,
} from '@ringdown/contracts';
import { TokenCodec } from '@ringdown/auth';
import { waitUntil } from '@ringdown/testing';
import { AUTH_SECRETS } from '../harness';
import { client_ip, person, type DataFixture } from './fixture';
import { loginsByEmail } from './logins-by-email';

/** Who gets a token, and when it is void. */
export function logins(suite: DataFixture): void {
  const { ask, change, create, list, login, read, remove } = suite;

  describe('logins', () => {
    const form = (algorithm: 'md5' | 'sha1', text: string) =>
      createHash(algorithm).update(text).digest('hex');

    it('work with the password and with both Kazoo forms, by name, realm and number', async () => {
      const { doc } = await create('user', { ...person, username: 'Ann', password: 'secret' });
      await create('callflow', { numbers: [`+1${suite.account}`] });
      const { doc: self } = await read('account', suite.account);
      const good = [
        { username: 'ANN', password: 'secret', account_name: String(self['name']).toLowerCase() },
        { credentials: form('md5', 'ann:secret'), account_realm: String(self['realm']) },
        {
          credentials: form('sha1', 'ann:secret').toUpperCase(),
          method: 'sha' as const,
          account_realm: String(self['realm']),
        },
        {
          credentials: form('md5', 'ann:secret'),
          method: 'md5' as const,
          phone_number: `+1${suite.account}`,
        },
      ];
      for (const request of good) {
        const result = await ask(userAuth, { ...request, client_ip });
        expect(result).toMatchObject({
          account_id: suite.account,
          account_name: self['name'],
          owner_id: doc.id,
          is_master_account: false,
        });
        expect(new TokenCodec(AUTH_SECRETS).verify(result.auth_token)).toMatchObject({
          accountId: suite.account,
          userId: doc.id,
          epoch: 1,
        });
      }
    });

    it('fail in one way, whatever is wrong', async () => {
      await create('user', { ...person, username: 'ann', password: 'secret' });
      await create('user', { ...person, username: 'nopass' });
      const refused = { code: 'unauthorized', message: 'invalid_credentials' };
      await expect(login('ann', 'wrong')).rejects.toMatchObject(refused);
      await expect(login('bob', 'secret')).rejects.toMatchObject(refused);
      await expect(login('nopass', 'x')).rejects.toMatchObject(refused);
      await expect(
        ask(userAuth, { account_name: 'nowhere', username: 'ann', password: 'secret', client_ip }),
      ).rejects.toMatchObject(refused);
      await expect(
        ask(userAuth, { account_name: 'nowhere', credentials: form('md5', 'ann:secret'), client_ip }),
      ).rejects.toMatchObject(refused);
      await expect(ask(userAuth, { username: 'ann', password: 'x', client_ip })).rejects.toMatchObject({
        code: 'validation_failed',
      });
      await expect(ask(userAuth, { account_name: 'x', client_ip })).rejects.toMatchObject({
        code: 'validation_failed',
      });
    });

    it('are locked for a disabled user and in a disabled account', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', password: 'secret' });
      const before = await login('ann', 'secret');
      const epochOf = async () =>
        (await ask(describePrincipal, { account_id: suite.account, owner_id: doc.id })).epoch;
      expect(before.owner_id).toBe(doc.id);

      await change('user', doc.id, 'merge', { enabled: false });
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'locked' });
      await expect(login('ann', 'wrong')).rejects.toMatchObject({ code: 'unauthorized' });
      expect(await epochOf()).toBe(2);
      await change('user', doc.id, 'merge', { enabled: true });
      await expect(login('ann', 'secret')).resolves.toBeDefined();

      await change('account', suite.account, 'merge', { enabled: false });
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'locked' });
      expect(await epochOf()).toBe(3);
      await waitUntil(() =>
        suite.h.changes.some((body) => body.account_id === suite.account && !body.user_id),
      );
    });

    it('end with a changed password, which raises the epoch and is announced', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', password: 'secret' });
      suite.h.changes.length = 0;
      await change('user', doc.id, 'merge', { first_name: 'Anna' });
      await change('user', doc.id, 'merge', { password: 'other' });

      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'unauthorized' });
      await expect(login('ann', 'other')).resolves.toBeDefined();
      expect(await ask(describePrincipal, { account_id: suite.account, owner_id: doc.id })).toMatchObject({
        user: { id: doc.id, enabled: true, priv_level: 'user' },
        epoch: 2,
      });
      // Once by the short way and once through the outbox.
      await waitUntil(() => suite.h.changes.length >= 2);
      expect(new Set(suite.h.changes.map((body) => JSON.stringify(body)))).toEqual(
        new Set([JSON.stringify({ account_id: suite.account, user_id: doc.id })]),
      );
    });

    it('keep working under a new username only when the password comes with it', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', password: 'secret' });
      await expect(change('user', doc.id, 'merge', { username: 'anna' })).rejects.toMatchObject({
        code: 'validation_failed',
        details: { password: { required: {} } },
      });
      await change('user', doc.id, 'merge', { username: 'anna', password: 'secret' });
      await expect(login('anna', 'secret')).resolves.toBeDefined();
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'unauthorized' });
    });

    it('have usernames unique in their account, also when two ask at once', async () => {
      const make = () => create('user', { ...person, username: 'same', password: 'x' });
      const outcomes = await Promise.allSettled([make(), make(), make()]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { details: { username: { unique: { message: 'Username is not unique for this account' } } } },
      });
      const [first] = (await list('user')).docs;
      await remove('user', String(first?.id));
      await expect(make()).resolves.toBeDefined();
      const other = await create('user', { ...person, username: 'other' });
      await expect(change('user', other.doc.id, 'merge', { username: 'SAME' })).rejects.toMatchObject({
        details: { username: { unique: {} } },
      });
    });

    loginsByEmail(suite);

    it('by API key last until the key is deleted', async () => {
      const made = await ask(createApiKey, {
        account_id: suite.account,
        actor: suite.h.actor,
        data: { name: 'ci' },
      });
      const key = String(made.doc['api_key']);
      expect(key).toMatch(/^[0-9a-f]{64}$/);

      const result = await ask(apiAuth, { api_key: key, client_ip });
      expect(result).toMatchObject({ account_id: suite.account });
      expect(result).not.toHaveProperty('owner_id');
      const listed = await ask(listApiKeys, { account_id: suite.account, query: {} });
      expect(listed.docs).toEqual([{ id: made.doc.id, name: 'ci', created: expect.any(Number) as number }]);
      const asked = { account_id: suite.account, key_id: made.doc.id };
      expect(await ask(describePrincipal, asked)).toMatchObject({ api_key: { id: made.doc.id }, epoch: 0 });

      await ask(deleteApiKey, { account_id: suite.account, id: made.doc.id, actor: suite.h.actor });
      await expect(ask(apiAuth, { api_key: key, client_ip })).rejects.toMatchObject({
        code: 'not_found',
        message: 'bad identifier',
      });
      expect(await ask(describePrincipal, asked)).toMatchObject({ api_key: null });
      await waitUntil(() => suite.h.changes.some((body) => body.key_id === made.doc.id));
    });

    it('are revoked token by token, remembered until the token expires', async () => {
      const soon = Math.floor(Date.now() / 1000) + 60;
      await ask(revokeToken, { token_id: `t-${suite.account}`, expires_at: soon });
      await ask(revokeToken, { token_id: `t-${suite.account}`, expires_at: soon });
      await ask(revokeToken, { token_id: `old-${suite.account}`, expires_at: soon - 120 });

      const { revocations } = await ask(listRevocations, {});
      expect(revocations).toContainEqual({ token_id: `t-${suite.account}`, expires_at: soon });
      expect(revocations.map(({ token_id }) => token_id)).not.toContain(`old-${suite.account}`);
      await waitUntil(() => suite.h.revoked.some(({ token_id }) => token_id === `t-${suite.account}`));
    });
  });
}
