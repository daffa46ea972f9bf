import {
  apiAuth,
  changeDocument,
  createApiKey,
  createDocument,
  deleteDocument,
  revokeToken,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import type { ObjectTables } from '../../adapters/tables';
import { Harness } from '../harness';
import { client_ip, person, type DataFixture } from './fixture';

/** Requests that come twice, and for how long they are remembered. */
export function repetitions(suite: DataFixture): void {
  const { ask, create, list, read } = suite;

  describe('repetitions', () => {
    it('of a request id get the first answer and change nothing', async () => {
      const requestId = newId();
      const request = {
        account_id: suite.account,
        type: 'user',
        actor: suite.h.actor,
        data: { ...person, username: 'twice' },
      };
      const first = await ask(createDocument, request, { requestId });
      const second = await ask(createDocument, request, { requestId });

      expect(second).toEqual(first);
      expect((await list('user')).docs).toHaveLength(1);
    });

    it('of a guarded change are not refused by the change itself', async () => {
      const { doc } = await create('device', { name: 'D' });
      const requestId = newId();
      const request = {
        account_id: suite.account,
        type: 'device',
        id: doc.id,
        actor: suite.h.actor,
        mode: 'merge' as const,
        data: { name: 'E' },
        if_match: 1,
      };
      const first = await ask(changeDocument, request, { requestId });

      expect(await ask(changeDocument, request, { requestId })).toEqual(first);
      expect((await read('device', doc.id)).revision).toBe(2);
    });

    it('with one idempotency key at the same time make one document', async () => {
      const idempotency_key = newId();
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => create('media', { name: 'Once' }, { idempotency_key })),
      );

      expect(new Set(answers.map(({ doc }) => doc.id)).size).toBe(1);
      expect((await list('media')).docs).toHaveLength(1);
      await expect(create('media', { name: 'Other' }, { idempotency_key })).rejects.toMatchObject({
        code: 'conflict',
      });
    });

    it('are a principal’s own: another may use the same idempotency key', async () => {
      const idempotency_key = newId();
      const as = (user_id: string) =>
        create('media', { name: 'Mine' }, { idempotency_key, actor: { ...suite.h.actor, user_id } });
      const [ann, bob] = [await as('ann'), await as('bob')];

      expect(bob.doc.id).not.toBe(ann.doc.id);
      expect((await as('ann')).doc.id).toBe(ann.doc.id);
    });

    it('of a delete and of a made key answer again', async () => {
      const { doc } = await create('media', { name: 'M' });
      const requestId = newId();
      const request = { account_id: suite.account, type: 'media', id: doc.id, actor: suite.h.actor };
      expect(await ask(deleteDocument, request, { requestId })).toEqual(
        await ask(deleteDocument, request, { requestId }),
      );

      const keyRequest = { account_id: suite.account, actor: suite.h.actor, data: { name: 'k' } };
      const first = await ask(createApiKey, keyRequest, { requestId: requestId + '1' });
      const second = await ask(createApiKey, keyRequest, { requestId: requestId + '1' });
      expect(second.doc.id).toBe(first.doc.id);
      await expect(
        ask(apiAuth, { api_key: String(second.doc['api_key']), client_ip }),
      ).resolves.toMatchObject({ account_id: suite.account });
    });
  });

  describe('housekeeping', () => {
    it('forgets answers after a day and revocations of expired tokens, and tells its metrics', async () => {
      const idempotency_key = newId();
      const first = await create('media', { name: 'M' }, { idempotency_key });
      await ask(revokeToken, { token_id: `gone-${suite.account}`, expires_at: 1 });
      const revocations = () =>
        suite.database
          .tables<ObjectTables>()
          .selectFrom('revocations')
          .where('token_id', '=', `gone-${suite.account}`)
          .selectAll()
          .execute();
      expect(await revocations()).toHaveLength(1);

      const later = Date.now() + 25 * 60 * 60 * 1000;
      const tomorrow = await Harness.start(suite.database, { clock: () => later });
      await waitUntil(async () => (await revocations()).length === 0);
      await tomorrow.stop();

      const second = await create('media', { name: 'Other' }, { idempotency_key });
      expect(second.doc.id).not.toBe(first.doc.id);

      const metrics = await suite.h.service.metrics.metrics();
      expect(metrics).toMatch(/ringdown_outbox_active\{service="object-producer"\} 1/);
      expect(metrics).toMatch(/ringdown_outbox_depth\{service="object-producer"\} \d+/);
      expect(metrics).toMatch(/ringdown_database_connections\{service="object-producer"\} \d+/);
      expect(suite.h.service.readiness()).toMatchObject({ ready: true });
    });
  });
}
