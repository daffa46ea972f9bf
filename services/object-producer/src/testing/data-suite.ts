import { createHash } from 'node:crypto';
import {
  apiAuth,
  changeDocument,
  createAccount,
  createApiKey,
  createDocument,
  deleteApiKey,
  deleteDocument,
  describePrincipal,
  describeRoot,
  getDocument,
  listAccountEndpoints,
  listAccounts,
  listApiKeys,
  listDocuments,
  listEndpoints,
  listRevocations,
  loginUser,
  revokeToken,
  userAuth,
  type DocumentResult,
  type Endpoint,
  type EndpointPage,
  type ListQuery,
} from '@ringdown/contracts';
import { TokenCodec } from '@ringdown/auth';
import { newId, silentLogger } from '@ringdown/core';
import { migrate, outboxMigrations, type Database } from '@ringdown/database';
import { waitUntil } from '@ringdown/testing';
import type { Kysely } from 'kysely';
import { objectMigrations } from '../adapters/migrations';
import { repositoriesOver } from '../adapters/repositories';
import type { ObjectTables } from '../adapters/tables';
import { Janitor } from '../app/janitor';
import { hashPassword, newKdf } from '../auth/password-hash';
import { AUTH_SECRETS, Harness, ROOT } from './harness';

const person = { first_name: 'Ann', last_name: 'Ray' };
const client_ip = '198.51.100.7';

/** What holds on every database. Runs on PGlite and on a real server. */
export function dataSuite(open: () => Promise<Database>): void {
  let database: Database;
  let h: Harness;
  /** An account of its own for each test. */
  let account: string;

  beforeAll(async () => {
    database = await open();
    h = await Harness.start(database);
  }, 60_000);

  afterAll(async () => {
    await h.stop();
    await database.close();
  }, 60_000);

  beforeEach(async () => {
    const made = await h.ask(createAccount, {
      account_id: h.accountId,
      actor: h.actor,
      data: { name: `Account ${newId()}` },
    });
    account = made.doc.id;
  });

  const create = (type: string, data: Record<string, unknown>, extra: object = {}): Promise<DocumentResult> =>
    h.ask(createDocument, { account_id: account, type, actor: h.actor, data, ...extra });
  const change = (
    type: string,
    id: string,
    mode: 'merge' | 'replace',
    data: Record<string, unknown>,
    extra: object = {},
  ): Promise<DocumentResult> =>
    h.ask(changeDocument, { account_id: account, type, id, mode, actor: h.actor, data, ...extra });
  const read = (type: string, id: string, extra: object = {}): Promise<DocumentResult> =>
    h.ask(getDocument, { account_id: account, type, id, ...extra });
  const remove = (type: string, id: string, extra: object = {}): Promise<DocumentResult> =>
    h.ask(deleteDocument, { account_id: account, type, id, actor: h.actor, ...extra });
  const list = (type: string, query: ListQuery = {}, extra: object = {}) =>
    h.ask(listDocuments, { account_id: account, type, query, ...extra });
  const login = (username: string, password: string, where: object = {}) =>
    h.ask(userAuth, {
      account_realm: `${account.slice(0, 12)}.sip.example`,
      username,
      password,
      client_ip,
      ...where,
    });

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
        h.ask(getDocument, { account_id: h.accountId, type: 'media', id: doc.id }),
      ).rejects.toMatchObject({ code: 'not_found' });
      await expect(create('nonsense', {})).rejects.toMatchObject({ code: 'not_found' });
      await expect(
        h.ask(createDocument, { account_id: newId(), type: 'media', actor: h.actor, data: { name: 'x' } }),
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
      const [event] = await h.eventsOf(doc.id, 1);
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
      const [event] = await h.eventsOf(red.doc.id, 1);
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
        answers.push(await h.eventsOf(created.doc.id, 3));
      }
      const stored = await database
        .tables<{ requests: { answer: unknown } }>()
        .selectFrom('requests')
        .selectAll()
        .execute();

      const everything = JSON.stringify([answers, stored, h.events]);
      expect(everything).toContain('d1');
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(pin);
      expect(JSON.stringify(h.events)).not.toMatch(/"sip"|"flow"|pvt_|hash/);
    });

    it('survive a document being sent back as it was read', async () => {
      const { doc } = await create('device', { name: 'D', sip: { username: 'd1', password: 'secret' } });
      await change('device', doc.id, 'replace', doc);

      const rows = await database
        .tables<{ documents: { id: string; secrets: unknown } }>()
        .selectFrom('documents')
        .select('secrets')
        .where('id', '=', doc.id)
        .execute();
      expect(rows).toEqual([{ secrets: { '["sip","password"]': 'secret' } }]);
      await change('device', doc.id, 'merge', { sip: { password: null } });
      expect(
        await database
          .tables<{ documents: { id: string; secrets: unknown } }>()
          .selectFrom('documents')
          .select('secrets')
          .where('id', '=', doc.id)
          .execute(),
      ).toEqual([{ secrets: {} }]);
    });
  });

  describe('events', () => {
    it('tell each change in the form of Kazoo, with the public part of the document', async () => {
      const { doc } = await create('user', { ...person, username: 'Ann', extra: 'unlisted' });
      await change('user', doc.id, 'merge', { last_name: 'Roy' });
      await remove('user', doc.id);
      const events = await h.eventsOf(doc.id, 3);

      expect(events.map(({ routingKey }) => routingKey)).toEqual([
        'object.doc_created.user',
        'object.doc_edited.user',
        'object.doc_deleted.user',
      ]);
      expect(events[1]?.body).toEqual({
        id: doc.id,
        type: 'user',
        account_id: account,
        database: `account%2F${account.slice(0, 2)}%2F${account.slice(2, 4)}%2F${account.slice(4)}`,
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
      const events = await h.eventsOf(doc.id, 2);

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

      const events = await h.eventsOf(doc.id, 2);
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
        const events = await h.eventsOf(id, 21);
        const revisions = events.map(({ body }) => Number(String(body['rev']).split('-')[0]));
        expect(revisions).toEqual(Array.from({ length: 21 }, (_, n) => n + 1));
        expect(new Set(events.map(({ messageId }) => messageId)).size).toBe(21);
      }
    });
  });

  describe('repetitions', () => {
    it('of a request id get the first answer and change nothing', async () => {
      const requestId = newId();
      const request = {
        account_id: account,
        type: 'user',
        actor: h.actor,
        data: { ...person, username: 'twice' },
      };
      const first = await h.ask(createDocument, request, requestId);
      const second = await h.ask(createDocument, request, requestId);

      expect(second).toEqual(first);
      expect((await list('user')).docs).toHaveLength(1);
    });

    it('of a guarded change are not refused by the change itself', async () => {
      const { doc } = await create('device', { name: 'D' });
      const requestId = newId();
      const request = {
        account_id: account,
        type: 'device',
        id: doc.id,
        actor: h.actor,
        mode: 'merge' as const,
        data: { name: 'E' },
        if_match: 1,
      };
      const first = await h.ask(changeDocument, request, requestId);

      expect(await h.ask(changeDocument, request, requestId)).toEqual(first);
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

    it('of a delete and of a made key answer again', async () => {
      const { doc } = await create('media', { name: 'M' });
      const requestId = newId();
      const request = { account_id: account, type: 'media', id: doc.id, actor: h.actor };
      expect(await h.ask(deleteDocument, request, requestId)).toEqual(
        await h.ask(deleteDocument, request, requestId),
      );

      const keyRequest = { account_id: account, actor: h.actor, data: { name: 'k' } };
      const first = await h.ask(createApiKey, keyRequest, requestId + '1');
      const second = await h.ask(createApiKey, keyRequest, requestId + '1');
      expect(second.doc.id).toBe(first.doc.id);
      await expect(
        h.ask(apiAuth, { api_key: String(second.doc['api_key']), client_ip }),
      ).resolves.toMatchObject({ account_id: account });
    });
  });

  describe('housekeeping', () => {
    it('forgets answers after a day and revocations of expired tokens, and tells its metrics', async () => {
      const idempotency_key = newId();
      const first = await create('media', { name: 'M' }, { idempotency_key });
      await h.ask(revokeToken, { token_id: `gone-${account}`, expires_at: 1 });
      const stores = repositoriesOver(database.tables<ObjectTables>());
      const later = Date.now() + 25 * 60 * 60 * 1000;
      await new Janitor(stores, () => later, silentLogger).sweep();

      const second = await create('media', { name: 'Other' }, { idempotency_key });
      expect(second.doc.id).not.toBe(first.doc.id);
      const left = await database
        .tables<ObjectTables>()
        .selectFrom('revocations')
        .where('token_id', '=', `gone-${account}`)
        .selectAll()
        .execute();
      expect(left).toEqual([]);

      const metrics = await h.service.metrics.metrics();
      expect(metrics).toMatch(/ringdown_outbox_active\{service="object-producer"\} 1/);
      expect(metrics).toMatch(/ringdown_outbox_depth\{service="object-producer"\} \d+/);
      expect(metrics).toMatch(/ringdown_database_connections\{service="object-producer"\} \d+/);
      expect(h.service.readiness()).toMatchObject({ ready: true });
    });
  });

  describe('accounts', () => {
    const child = (data: Record<string, unknown>, parent = account) =>
      h.ask(createAccount, { account_id: parent, actor: h.actor, data });

    it('form a tree that lists and descriptions show', async () => {
      const one = await child({ name: `Child ${account}`, realm: `One.${account}.example` });
      const two = await child({ name: `Grandchild ${account}` }, one.doc.id);

      expect(one.doc).toMatchObject({ realm: `one.${account}.example`, enabled: true });
      const under = { account_id: account, query: {} };
      expect((await h.ask(listAccounts, { ...under, scope: 'children' })).docs).toEqual([
        { id: one.doc.id, name: one.doc['name'], realm: one.doc['realm'], tree: [h.accountId, account] },
      ]);
      expect(
        (await h.ask(listAccounts, { ...under, scope: 'descendants' })).docs.map(({ id }) => id),
      ).toEqual([one.doc.id, two.doc.id]);
      expect(await h.ask(describePrincipal, { account_id: two.doc.id })).toEqual({
        account: {
          id: two.doc.id,
          name: two.doc['name'],
          realm: two.doc['realm'],
          enabled: true,
          tree: [h.accountId, account, one.doc.id],
          superduper_admin: false,
        },
        epoch: 0,
      });
      const [event] = await h.eventsOf(one.doc.id, 1);
      expect(event).toMatchObject({
        routingKey: 'object.doc_created.account',
        body: { account_id: one.doc.id, id: one.doc.id },
      });
    });

    it('have names and realms of their own, also when two ask at once', async () => {
      const name = `Same ${account}`;
      const outcomes = await Promise.allSettled([child({ name }), child({ name: name.toUpperCase() })]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'validation_failed', details: { name: { unique: {} } } },
      });
      await child({ name: `A ${account}`, realm: `r.${account}.example` });
      await expect(child({ name: `B ${account}`, realm: `R.${account}.example` })).rejects.toMatchObject({
        details: { realm: { unique: {} } },
      });
      await expect(child({})).rejects.toMatchObject({ details: { name: { required: {} } } });
      await expect(child({ name: 'x' }, newId())).rejects.toMatchObject({ code: 'not_found' });
    });

    it('with children stay; deleted ones take their documents and logins along', async () => {
      const one = await child({ name: `Child ${account}` });
      const { doc: user } = await create('user', { ...person, username: 'ann', password: 'secret' });
      const token = await login('ann', 'secret');
      await expect(remove('account', account)).rejects.toMatchObject({ code: 'conflict' });

      await h.ask(deleteDocument, {
        account_id: one.doc.id,
        type: 'account',
        id: one.doc.id,
        actor: h.actor,
      });
      await remove('account', account);

      await expect(read('user', user.id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(list('user')).rejects.toMatchObject({ code: 'not_found' });
      await expect(create('media', { name: 'x' })).rejects.toMatchObject({ code: 'not_found' });
      expect(await h.ask(describePrincipal, { account_id: account, owner_id: token.owner_id })).toEqual({
        account: null,
        user: null,
        epoch: 0,
      });
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'unauthorized' });
      await waitUntil(() => h.changes.some((body) => body.account_id === account && !body.user_id));
      await child({ name: `Child ${account}` }, h.accountId);
    });

    it('keep their realm when replaced, and the root cannot be lost', async () => {
      const replaced = await change('account', account, 'replace', { name: `New ${account}` });
      expect(replaced.doc).toMatchObject({ realm: `${account.slice(0, 12)}.sip.example` });
      const root = { account_id: h.accountId, type: 'account', id: h.accountId, actor: h.actor };
      await expect(h.ask(deleteDocument, root)).rejects.toMatchObject({ code: 'conflict' });
      await expect(
        h.ask(changeDocument, { ...root, mode: 'merge', data: { enabled: false } }),
      ).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });

  describe('endpoints', () => {
    const device = async (data: Record<string, unknown>) =>
      (await create('device', { name: 'D', ...data })).doc.id;
    const sip = (username: string) => ({ sip: { username, password: 'secret' } });
    const ofAccount = async (account_id = account, page: EndpointPage = {}) =>
      (await h.ask(listAccountEndpoints, { account_id, ...page })).endpoints;
    const all = async (limit: number): Promise<Endpoint[]> => {
      const found: Endpoint[] = [];
      let after: string | undefined;
      do {
        const { endpoints, next } = await h.ask(listEndpoints, { after, limit });
        expect(endpoints.length).toBeLessThanOrEqual(limit);
        found.push(...endpoints);
        after = next;
      } while (after !== undefined);
      return found;
    };

    it('are the devices with a SIP username, with what their calls are attributed by', async () => {
      const { doc: self } = await read('account', account);
      const { doc: owner } = await create('user', { ...person, presence_id: '2001' });
      const owned = await device({ ...sip('ann'), owner_id: owner.id });
      const plain = await device(sip('desk'));
      await device({ sip: { password: 'secret' } });
      await device({});

      const of = { account_id: account, account_name: self['name'], realm: self['realm'], enabled: true };
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
      const [event] = await h.eventsOf(plain, 1);
      expect((await ofAccount()).find(({ device_id }) => device_id === plain)?.created).toBe(
        event?.body['date_created'],
      );
    });

    it('come in pages by device id that together are every device of every account once', async () => {
      const other = await h.ask(createAccount, {
        account_id: account,
        actor: h.actor,
        data: { name: `Other ${account}` },
      });
      const elsewhere = await h.ask(createDocument, {
        account_id: other.doc.id,
        type: 'device',
        actor: h.actor,
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
      expect(await ofAccount(account, { after: second?.device_id })).toEqual(rest);
      expect(rest).toHaveLength(3);
      const first = await h.ask(listAccountEndpoints, { account_id: account, limit: 2 });
      expect(first.next).toBe(second?.device_id);
      expect(await ofAccount(newId())).toEqual([]);
      await expect(h.ask(listEndpoints, { limit: 0 })).rejects.toMatchObject({ code: 'validation_failed' });
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

      await change('account', account, 'merge', { enabled: false });
      expect((await ofAccount()).map(({ enabled }) => enabled)).toEqual([false, false]);
      await remove('account', account);
      expect(await ofAccount()).toEqual([]);
      expect((await all(1000)).filter(({ account_id }) => account_id === account)).toEqual([]);
    });
  });

  describe('logins', () => {
    const form = (algorithm: 'md5' | 'sha1', text: string) =>
      createHash(algorithm).update(text).digest('hex');

    it('work with the password and with both Kazoo forms, by name, realm and number', async () => {
      const { doc } = await create('user', { ...person, username: 'Ann', password: 'secret' });
      await create('callflow', { numbers: [`+1${account}`] });
      const { doc: self } = await read('account', account);
      const good = [
        { username: 'ANN', password: 'secret', account_name: String(self['name']).toLowerCase() },
        { credentials: form('md5', 'ann:secret'), account_realm: String(self['realm']) },
        {
          credentials: form('sha1', 'ann:secret').toUpperCase(),
          method: 'sha' as const,
          account_realm: String(self['realm']),
        },
        { credentials: form('md5', 'ann:secret'), method: 'md5' as const, phone_number: `+1${account}` },
      ];
      for (const request of good) {
        const result = await h.ask(userAuth, { ...request, client_ip });
        expect(result).toMatchObject({
          account_id: account,
          account_name: self['name'],
          owner_id: doc.id,
          is_master_account: false,
        });
        expect(new TokenCodec(AUTH_SECRETS).verify(result.auth_token)).toMatchObject({
          accountId: account,
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
        h.ask(userAuth, { account_name: 'nowhere', username: 'ann', password: 'secret', client_ip }),
      ).rejects.toMatchObject(refused);
      await expect(
        h.ask(userAuth, { account_name: 'nowhere', credentials: form('md5', 'ann:secret'), client_ip }),
      ).rejects.toMatchObject(refused);
      await expect(h.ask(userAuth, { username: 'ann', password: 'x', client_ip })).rejects.toMatchObject({
        code: 'validation_failed',
      });
      await expect(h.ask(userAuth, { account_name: 'x', client_ip })).rejects.toMatchObject({
        code: 'validation_failed',
      });
    });

    it('are locked for a disabled user and in a disabled account', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', password: 'secret' });
      const before = await login('ann', 'secret');
      const epochOf = async () =>
        (await h.ask(describePrincipal, { account_id: account, owner_id: doc.id })).epoch;
      expect(before.owner_id).toBe(doc.id);

      await change('user', doc.id, 'merge', { enabled: false });
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'locked' });
      await expect(login('ann', 'wrong')).rejects.toMatchObject({ code: 'unauthorized' });
      expect(await epochOf()).toBe(2);
      await change('user', doc.id, 'merge', { enabled: true });
      await expect(login('ann', 'secret')).resolves.toBeDefined();

      await change('account', account, 'merge', { enabled: false });
      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'locked' });
      expect(await epochOf()).toBe(3);
      await waitUntil(() => h.changes.some((body) => body.account_id === account && !body.user_id));
    });

    it('end with a changed password, which raises the epoch and is announced', async () => {
      const { doc } = await create('user', { ...person, username: 'ann', password: 'secret' });
      h.changes.length = 0;
      await change('user', doc.id, 'merge', { first_name: 'Anna' });
      await change('user', doc.id, 'merge', { password: 'other' });

      await expect(login('ann', 'secret')).rejects.toMatchObject({ code: 'unauthorized' });
      await expect(login('ann', 'other')).resolves.toBeDefined();
      expect(await h.ask(describePrincipal, { account_id: account, owner_id: doc.id })).toMatchObject({
        user: { id: doc.id, enabled: true, priv_level: 'user' },
        epoch: 2,
      });
      // Once by the short way and once through the outbox.
      await waitUntil(() => h.changes.length >= 2);
      expect(new Set(h.changes.map((body) => JSON.stringify(body)))).toEqual(
        new Set([JSON.stringify({ account_id: account, user_id: doc.id })]),
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

    describe('by e-mail', () => {
      let address: string;
      beforeEach(() => {
        address = `ann.${account}@acme.example`;
      });
      const byEmail = (email: string, password: string) => h.ask(loginUser, { email, password, client_ip });
      const taken = { code: 'validation_failed', details: { email: { unique: {} } } };

      it('work whatever the case, and tell who it is, as those by username and account do', async () => {
        const { doc } = await create('user', {
          ...person,
          username: 'Ann',
          email: address.replace('ann', 'Ann'),
          password: 'secret',
        });
        const { doc: self } = await read('account', account);

        for (const name of [
          { email: address.toUpperCase() },
          { username: 'ANN', account_name: String(self['name']) },
          { username: 'ann', account_realm: String(self['realm']) },
        ]) {
          const result = await h.ask(loginUser, { ...name, password: 'secret', client_ip });
          expect(result).toMatchObject({
            account_id: account,
            owner_id: doc.id,
            user: { id: doc.id, username: 'ann', ...person, email: address.replace('ann', 'Ann') },
          });
          expect(new TokenCodec(AUTH_SECRETS).verify(result.auth_token)).toMatchObject({
            accountId: account,
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
          await expect(h.ask(loginUser, { ...name, password: 'secret', client_ip })).rejects.toMatchObject({
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
        const { doc: elsewhere } = await h.ask(createAccount, {
          account_id: account,
          actor: h.actor,
          data: { name: `Other ${account}` },
        });
        const make = (at: string, username: string) =>
          h.ask(createDocument, {
            account_id: at,
            type: 'user',
            actor: h.actor,
            data: { ...person, username, email: address, password: 'x' },
          });
        const outcomes = await Promise.allSettled([make(account, 'a'), make(elsewhere.id, 'b')]);
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
        await h.ask(deleteDocument, { account_id: account, type: 'account', id: account, actor: h.actor });
        await expect(byEmail(address, 'x')).rejects.toMatchObject({ code: 'unauthorized' });
        const { doc: heir } = await h.ask(createDocument, {
          account_id: h.accountId,
          type: 'user',
          actor: h.actor,
          data: { ...person, username: `heir-${account}`, email: address, password: 'x' },
        });
        await expect(byEmail(address, 'x')).resolves.toMatchObject({ owner_id: heir.id });
      });

      it('are tried as often as others may be: per address of the client and per e-mail', async () => {
        const other = await Harness.start(await open(), { settings: { authAttemptsPerMinute: 3 } });
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
        const old = await open();
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

    it('by API key last until the key is deleted', async () => {
      const made = await h.ask(createApiKey, { account_id: account, actor: h.actor, data: { name: 'ci' } });
      const key = String(made.doc['api_key']);
      expect(key).toMatch(/^[0-9a-f]{64}$/);

      const result = await h.ask(apiAuth, { api_key: key, client_ip });
      expect(result).toMatchObject({ account_id: account });
      expect(result).not.toHaveProperty('owner_id');
      const listed = await h.ask(listApiKeys, { account_id: account, query: {} });
      expect(listed.docs).toEqual([{ id: made.doc.id, name: 'ci', created: expect.any(Number) as number }]);
      const asked = { account_id: account, key_id: made.doc.id };
      expect(await h.ask(describePrincipal, asked)).toMatchObject({ api_key: { id: made.doc.id }, epoch: 0 });

      await h.ask(deleteApiKey, { account_id: account, id: made.doc.id, actor: h.actor });
      await expect(h.ask(apiAuth, { api_key: key, client_ip })).rejects.toMatchObject({
        code: 'not_found',
        message: 'bad identifier',
      });
      expect(await h.ask(describePrincipal, asked)).toMatchObject({ api_key: null });
      await waitUntil(() => h.changes.some((body) => body.key_id === made.doc.id));
    });

    it('are revoked token by token, remembered until the token expires', async () => {
      const soon = Math.floor(Date.now() / 1000) + 60;
      await h.ask(revokeToken, { token_id: `t-${account}`, expires_at: soon });
      await h.ask(revokeToken, { token_id: `t-${account}`, expires_at: soon });
      await h.ask(revokeToken, { token_id: `old-${account}`, expires_at: soon - 120 });

      const { revocations } = await h.ask(listRevocations, {});
      expect(revocations).toContainEqual({ token_id: `t-${account}`, expires_at: soon });
      expect(revocations.map(({ token_id }) => token_id)).not.toContain(`old-${account}`);
      await waitUntil(() => h.revoked.some(({ token_id }) => token_id === `t-${account}`));
    });
  });

  describe('the root account', () => {
    it('is told to who asks', async () => {
      const { account: root } = await h.ask(describePrincipal, { account_id: h.accountId });

      expect(await h.ask(describeRoot, {})).toEqual({
        account_id: h.accountId,
        name: ROOT.accountName,
        realm: root?.realm,
      });
    });
  });

  describe('the first start', () => {
    it('made the root account and its super admin, and no other start makes another', async () => {
      const result = await h.ask(userAuth, {
        account_name: ROOT.accountName,
        username: ROOT.username,
        password: ROOT.password,
        client_ip,
      });
      expect(result).toMatchObject({ account_id: h.accountId, is_master_account: true });
      expect(
        await h.ask(describePrincipal, { account_id: h.accountId, owner_id: result.owner_id }),
      ).toMatchObject({ account: { superduper_admin: true, tree: [] }, user: { priv_level: 'admin' } });
      expect(await h.service.bootstrap(ROOT)).toEqual({ created: false, accountId: h.accountId });
    });
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
