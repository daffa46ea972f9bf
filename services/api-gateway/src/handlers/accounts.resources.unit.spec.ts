import {
  changeDocument,
  createAccount,
  createApiKey,
  deleteApiKey,
  deleteDocument,
  getDocument,
  listAccounts,
  listApiKeys,
} from '@ringdown/contracts';
import { CHILD, PARENT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;
const ID = '7'.repeat(32);

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

describe('accounts', () => {
  const doc = { doc: { id: CHILD, name: 'child' }, revision: 2 };

  it('are made under their parent', async () => {
    fixture.answer(createAccount, () => doc);

    const { status, headers } = await fixture.call('PUT', account, {
      token: 'admin',
      data: { name: 'child' },
      headers: { 'idempotency-key': 'once' },
    });

    expect(status).toBe(201);
    expect(headers.get('location')).toBe(`/v2/accounts/${CHILD}`);
    expect(fixture.lastAsked.payload).toEqual({
      account_id: PARENT,
      actor: { account_id: PARENT, user_id: '2'.repeat(32) },
      data: { name: 'child' },
      idempotency_key: 'once',
    });
  });

  it('are read, changed and deleted as documents of type account', async () => {
    for (const operation of [getDocument, changeDocument, deleteDocument]) {
      fixture.answer<never, typeof doc>(operation as never, () => doc);
    }
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
      const data = method.startsWith('P') ? { data: {} } : {};
      const { status } = await fixture.call(method, `/v2/accounts/${CHILD}`, { token: 'admin', ...data });

      expect(status).toBe(200);
      expect(fixture.lastAsked.payload).toMatchObject({ account_id: CHILD, type: 'account', id: CHILD });
    }
  });

  it.each(['children', 'descendants'] as const)('list their %s', async (scope) => {
    fixture.answer(listAccounts, () => ({ docs: [doc.doc], page_size: 50 }));

    const { envelope } = await fixture.call('GET', `${account}/${scope}`, { token: 'admin' });

    expect(envelope['data']).toEqual([doc.doc]);
    expect(fixture.lastAsked.payload).toEqual({ account_id: PARENT, scope, query: { page_size: 50 } });
  });

  it('have API keys', async () => {
    const key = { doc: { id: ID, name: 'ci', api_key: 'shown once' }, revision: 1 };
    fixture.answer(createApiKey, () => key);
    fixture.answer(listApiKeys, () => ({ docs: [{ id: ID, name: 'ci' }], page_size: 50 }));
    fixture.answer(deleteApiKey, () => key);
    const keys = `${account}/api_keys`;

    const made = await fixture.call('PUT', keys, { token: 'admin', data: { name: 'ci', other: 1 } });
    expect(made).toMatchObject({ status: 201, envelope: { data: { api_key: 'shown once' } } });
    expect(fixture.lastAsked.payload).toMatchObject({ data: { name: 'ci' } });
    expect((await fixture.call('GET', keys, { token: 'admin' })).envelope['data']).toEqual([
      { id: ID, name: 'ci' },
    ]);
    const filtered = await fixture.call('GET', `${keys}?filter_name=ci&page_size=2`, { token: 'admin' });
    expect(filtered).toMatchObject({ status: 400, envelope: { data: { filter: { invalid: {} } } } });
    expect((await fixture.call('DELETE', `${keys}/${ID}`, { token: 'admin' })).status).toBe(200);
    expect(fixture.lastAsked).toMatchObject({
      operation: 'api_keys.delete',
      payload: { account_id: PARENT, id: ID },
    });
    expect((await fixture.call('PUT', keys, { token: 'admin', data: { name: 1 } })).status).toBe(400);
    expect((await fixture.call('GET', `${keys}/${ID}`, { token: 'admin' })).status).toBe(405);
  });
});
