import { nested, withKey, withoutKey } from './metadata';
import { contentText } from './message';
import { pageOf } from './page';
import { isFresh, isSignedBy, signatureOf } from './signature';
import { isUuid, nameId, nextMessageId } from './uuid';

describe('ids', () => {
  it('of names are UUIDs of version 5 that depend on every part', () => {
    expect(nameId('channel', 'a', 'b')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(nameId('channel', 'a', 'b')).toBe(nameId('channel', 'a', 'b'));
    expect(new Set([nameId('a', 'bc'), nameId('ab', 'c'), nameId('a', 'b', 'c'), nameId('abc')]).size).toBe(
      4,
    );
    // What is stored depends on it.
    expect(nameId('channel', 'account', 'facebook', 'page')).toBe('6f10f719-4746-5fac-8719-a0cd903ce164');
  });

  it('of messages grow, whatever the clock does', () => {
    const clock = [1_000, 1_000, 900, 5_000, 0, 0];
    const ids: string[] = [];
    for (const ms of clock) ids.push(nextMessageId(ids.at(-1), ms));

    expect(ids).toEqual([...new Set(ids)].sort());
    expect(ids.every(isUuid)).toBe(true);
    expect(ids[0]).toMatch(/^00000000-03e8-7/);
  });
});

describe('a signature', () => {
  const request = { timestamp: '1770091506', body: '{"a":"ä"}' };

  it('is HMAC-SHA256 over timestamp and body, in hex', () => {
    expect(signatureOf('key', '1', 'body')).toBe(
      '91b5374b153842ad05b2c4eab9349b8321b14703165bd3fb8b034dfb8be98ae5',
    );
  });

  it('fits with and without its prefix, in either case, and nothing else does', () => {
    const signature = signatureOf('secret', request.timestamp, request.body);

    for (const form of [signature, signature.toUpperCase(), `sha256=${signature}`]) {
      expect(isSignedBy('secret', { ...request, signature: form })).toBe(true);
    }
    for (const form of ['', signature.slice(1), `${signature}0`, `sha1=${signature}`, 'ä'.repeat(32)]) {
      expect(isSignedBy('secret', { ...request, signature: form })).toBe(false);
    }
    expect(isSignedBy('other', { ...request, signature })).toBe(false);
  });

  it.each([
    ['1000', true],
    ['700', true],
    ['1300', true],
    ['699', false],
    ['1301', false],
    ['', false],
    ['-1000', false],
    ['1e3', false],
    ['1000.0', false],
    [' 1000', false],
  ])('of second %s is fresh at second 1000: %s', (timestamp, fresh) => {
    expect(isFresh(timestamp, 1_000_000)).toBe(fresh);
  });
});

describe('metadata', () => {
  it('are a value or a level, never both', () => {
    const order = withKey({ a: 1 }, 'order', 'x');
    const deeper = withKey(order, 'order.item.id', 7);

    expect(deeper).toEqual({ a: 1, 'order.item.id': 7 });
    expect(withKey(deeper, 'order.item', 'flat')).toEqual({ a: 1, 'order.item': 'flat' });
    expect(withoutKey(withKey(deeper, 'ordered', 1), 'order')).toEqual({ a: 1, ordered: 1 });
    expect(nested(deeper)).toEqual({ a: 1, order: { item: { id: 7 } } });
  });

  it('have names of inherited members like any other', () => {
    expect(nested({ 'constructor.name': 'x', toString: 1 })).toEqual({
      constructor: { name: 'x' },
      toString: 1,
    });
  });

  it('end at a hundred keys', () => {
    const full = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`k${n}`, n]));

    expect(Object.keys(withKey(full, 'k7', 'new'))).toHaveLength(100);
    expect(() => withKey(full, 'one-more', 1)).toThrow('100 keys');
  });
});

describe('content', () => {
  it('is JSON text, whatever kind of value it is', () => {
    expect([{ text: 'ä' }, 'x', 1, false, []].map(contentText)).toEqual([
      '{"text":"ä"}',
      '"x"',
      '1',
      'false',
      '[]',
    ]);
  });
});

describe('a page', () => {
  const facts = { position: (row: { id: string }) => row.id, bytes: () => 1024 * 1024 };

  it('shows at least one row, however large it is', () => {
    const { shown, metadata } = pageOf({ rows: [{ id: 'c' }, { id: 'b' }], before: [], total: 2 }, 1, {
      ...facts,
      bytes: () => 10_000_000,
    });

    expect(shown).toEqual([{ id: 'c' }]);
    expect(metadata).toEqual({ previous_cursor: null, next_cursor: 'b', filtered_total: 2, total: 2 });
  });

  it('ends where its rows get too large', () => {
    const rows = ['d', 'c', 'b', 'a'].map((id) => ({ id }));
    const { shown, metadata } = pageOf({ rows, before: ['e', 'f'], total: 6 }, 10, facts);

    expect(shown).toEqual(rows.slice(0, 2));
    expect(metadata).toMatchObject({ previous_cursor: 'f', next_cursor: 'b' });
  });
});
