import {
  changeDocument,
  createDocument,
  deleteDocument,
  documentTypes,
  getDocument,
  listDocuments,
  type ListQuery,
} from '@ringdown/contracts';
import { PARENT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;
const ID = '7'.repeat(32);

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

describe('documents', () => {
  const paths = documentTypes
    .filter(({ type }) => type !== 'account')
    .map(
      ({ type, resource }) =>
        [type, type === 'mailbox_message' ? `/vmboxes/box/${resource}` : `/${resource}`] as const,
    );

  it.each(paths)('%s: create, list, read, replace, merge and delete under %s', async (type, path) => {
    const parent = type === 'mailbox_message' ? { parent_id: 'box' } : {};
    const actor = { account_id: PARENT, user_id: '2'.repeat(32) };
    const result = { doc: { id: ID, name: 'x' }, revision: 1 };
    for (const operation of [createDocument, getDocument, changeDocument, deleteDocument]) {
      fixture.answer<never, typeof result>(operation as never, () => result);
    }
    fixture.answer(listDocuments, () => ({ docs: [result.doc], page_size: 50, next_start_key: 'next' }));
    const call = async (method: string, at: string, data?: object) => {
      const answer = await fixture.call(method, account + at, { token: 'admin', ...(data ? { data } : {}) });
      return { ...answer, asked: fixture.lastAsked.payload };
    };

    const created = await call('PUT', path, { name: 'x' });
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe(`${account}${path}/${ID}`);
    expect(created.headers.get('etag')).toBe('"1"');
    expect(created.asked).toEqual({ account_id: PARENT, type, ...parent, actor, data: { name: 'x' } });

    const list = await call('GET', path);
    expect(list.envelope).toMatchObject({ data: [result.doc], page_size: 50, next_start_key: 'next' });
    expect(list.asked).toEqual({ account_id: PARENT, type, ...parent, query: { page_size: 50 } });

    const item = { account_id: PARENT, type, ...parent, id: ID };
    expect((await call('GET', `${path}/${ID}`)).asked).toEqual(item);
    expect((await call('POST', `${path}/${ID}`, { a: 1 })).asked).toEqual({
      ...item,
      actor,
      mode: 'replace',
      data: { a: 1 },
    });
    expect((await call('PATCH', `${path}/${ID}`, { a: null })).asked).toEqual({
      ...item,
      actor,
      mode: 'merge',
      data: { a: null },
    });
    expect((await call('DELETE', `${path}/${ID}`)).asked).toEqual({ ...item, actor });
  });

  it.each([
    ['reading', 'GET'],
    ['deleting', 'DELETE'],
  ])('%s one that does not exist is a bad identifier', async (_name, method) => {
    const { status, envelope } = await fixture.call(method, `${account}/users/${ID}`, { token: 'admin' });

    expect(status).toBe(404);
    expect(envelope).toMatchObject({ data: [ID], error: '404', message: 'bad identifier', status: 'error' });
  });

  it.each([['%00'], ['x'.repeat(129)], ['a%00b']])(
    'an id that can be none is a bad identifier: %s',
    async (id) => {
      const { status } = await fixture.call('GET', `${account}/users/${id}`, { token: 'admin' });

      expect(status).toBe(404);
      expect(fixture.asked).toEqual([]);
    },
  );

  it('an id may hold any other character', async () => {
    fixture.answer(getDocument, ({ id }) => ({ doc: { id }, revision: 1 }));

    const { envelope } = await fixture.call('GET', `${account}/users/a%2Fb%20%C3%A9`, { token: 'admin' });

    expect(envelope['data']).toEqual({ id: 'a/b é' });
  });
});

describe('lists', () => {
  const ask = async (query: string): Promise<{ status: number; data: unknown; query: unknown }> => {
    fixture.answer(listDocuments, () => ({ docs: [], page_size: 1 }));
    const { status, envelope } = await fixture.call('GET', `${account}/users?${query}`, { token: 'admin' });
    return { status, data: envelope['data'], query: fixture.asked.at(-1)?.payload['query'] };
  };

  it.each<[string, ListQuery]>([
    ['page_size=7&start_key=abc', { page_size: 7, start_key: 'abc' }],
    ['descending=true', { page_size: 50, descending: true }],
    ['ascending=true', { page_size: 50, descending: false }],
    ['filter_a.b=1&filter_name=x%20y', { page_size: 50, filter: { 'a.b': '1', name: 'x y' } }],
    ['filter_not_a=1', { page_size: 50, filter_not: { a: '1' } }],
    ['filter_a=', { page_size: 50, filter: { a: '' } }],
    ['has_key=a&key_missing=b', { page_size: 50, has_key: 'a', key_missing: 'b' }],
    [
      'created_from=63800000000&created_to=63900000000',
      { page_size: 50, created_from: 63800000000, created_to: 63900000000 },
    ],
    ['modified_from=1&modified_to=2', { page_size: 50, modified_from: 1, modified_to: 2 }],
    ['unknown=1', { page_size: 50 }],
  ])('%s', async (text, query) => {
    expect(await ask(text)).toMatchObject({ status: 200, query });
    expect(fixture.lastAsked.payload['query']).toEqual(query);
  });

  it.each([
    ['page_size=0', 'page_size'],
    ['page_size=1001', 'page_size'],
    ['page_size=many', 'page_size'],
    ['page_size=1e3', 'page_size'],
    ['page_size=', 'page_size'],
    ['page_size=1&page_size=2', 'page_size'],
    ['start_key=%00', 'start_key'],
    [`start_key=${'x'.repeat(1025)}`, 'start_key'],
    ['descending=yes', 'descending'],
    ['descending=true&ascending=true', 'descending'],
    ['paginate=maybe', 'paginate'],
    ['created_from=yesterday', 'created_from'],
    ['created_to=-1', 'created_to'],
    ['modified_from=99999999999999999', 'modified_from'],
    ['modified_to=NaN', 'modified_to'],
    ['filter_=1', 'filter_'],
    ['filter___proto__=1', 'filter___proto__'],
    ['filter_a=%00', 'filter_a'],
    [Array.from({ length: 21 }, (_, i) => `filter_${i}=x`).join('&'), 'filter_'],
    ['has_key=', 'has_key'],
    ['has_value=a', 'has_value'],
    ['value_missing=a', 'value_missing'],
  ])('%s is a validation error of %s', async (text, field) => {
    const { status, data, query } = await ask(text);

    expect(status).toBe(400);
    expect(data).toHaveProperty([field]);
    expect(query).toBeUndefined();
  });

  it('names every bad parameter at once', async () => {
    const { data } = await ask('page_size=x&created_from=y');

    expect(Object.keys(data as object).sort()).toEqual(['created_from', 'page_size']);
  });

  it('paginate=false gathers all pages', async () => {
    const pages = [
      { docs: [{ id: '1' }], page_size: 1000, next_start_key: 'two' },
      { docs: [{ id: '2' }], page_size: 1000 },
    ];
    fixture.answer(listDocuments, ({ query }) => pages[query.start_key === 'two' ? 1 : 0]!);

    const { envelope } = await fixture.call('GET', `${account}/users?paginate=false`, { token: 'admin' });

    expect(envelope).toMatchObject({ data: [{ id: '1' }, { id: '2' }] });
    expect(envelope).not.toHaveProperty('next_start_key');
  });

  it('paginate=false ends at its limit and tells where to go on', async () => {
    let served = 0;
    fixture.answer(listDocuments, ({ query }) => {
      const docs = Array.from({ length: query.page_size ?? 0 }, () => ({ id: String((served += 1)) }));
      return { docs, page_size: docs.length, next_start_key: String(served) };
    });

    const { envelope } = await fixture.call('GET', `${account}/users?paginate=false`, { token: 'admin' });

    expect(envelope['data']).toHaveLength(10_000);
    expect(envelope['next_start_key']).toBe('10000');
  });

  it('paginate=false ends after ten pages, also when large documents make them short', async () => {
    let served = 0;
    fixture.answer(listDocuments, () => ({
      docs: [{ id: String((served += 1)) }],
      page_size: 1000,
      next_start_key: String(served),
    }));

    const { envelope } = await fixture.call('GET', `${account}/users?paginate=false`, { token: 'admin' });

    expect(envelope).toMatchObject({ page_size: 10, next_start_key: '10' });
    expect(envelope['data']).toHaveLength(10);
  });
});
