import fc from 'fast-check';
import { isAppError } from '@ringdown/core';
import { MAX_ROUTING_KEY_BYTES, buildRoutingKey, decodeId, encodeId, idFromKey } from './encoded-id';

const id = fc.string({ unit: 'grapheme', maxLength: 40 });

describe('encodeId', () => {
  it.each([
    ['a84b4c76', 'a84b4c76'],
    ['a84b4c76e66710@10.1.2.3', 'a84b4c76e66710@10%2E1%2E2%2E3'],
    ['AZaz09-_~@:', 'AZaz09-_~@:'],
    ['Sales room', 'Sales+room'],
    ['+15550100', '%2B15550100'],
    ['100%', '100%25'],
    ['*', '%2A'],
    ['#', '%23'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
    ['\u0000/\n', '%00%2F%0A'],
    ['', ''],
  ])('writes %j as %s', (raw, word) => {
    expect(encodeId(raw)).toBe(word);
    expect(decodeId(word)).toBe(raw);
  });

  it('gives one word of safe characters for any id, and decodeId gives the id back', () => {
    fc.assert(
      fc.property(id, (raw) => {
        expect(encodeId(raw)).toMatch(/^[A-Za-z0-9\-_~@:+%]*$/);
        expect(decodeId(encodeId(raw))).toBe(raw);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decodeId', () => {
  it('reads lower-case hexadecimal digits too', () => {
    expect(decodeId('a%2eb')).toBe('a.b');
  });

  it.each(['100%', 'a.b', 'a.b+c', '%zz', '%FF', '%C3', 'größe', '%2', ' '])(
    'gives %j, which nobody encoded, back as it is',
    (raw) => {
      expect(decodeId(raw)).toBe(raw);
    },
  );

  it('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (word) => typeof decodeId(word) === 'string'));
  });
});

describe('idFromKey', () => {
  it('prefers the id of the body when the key is one of its two forms', () => {
    expect(idFromKey('a+b', 'a+b')).toBe('a+b');
    expect(idFromKey('a+b', 'a b')).toBe('a b');
    expect(idFromKey('a%2Eb', 'a%2Eb')).toBe('a%2Eb');
  });

  it('believes the key where the body speaks of another id', () => {
    expect(idFromKey('a%2Eb', 'other')).toBe('a.b');
    expect(idFromKey('a1', 7)).toBe('a1');
    expect(idFromKey('a1', '')).toBe('a1');
  });
});

describe('buildRoutingKey', () => {
  it('refuses an empty id and a key that AMQP cannot carry', () => {
    for (const ids of [[''], ['a', ''], ['.'.repeat(100)]]) {
      expect(() => buildRoutingKey(['call', 'CHANNEL_CREATE'], ids)).toThrow(
        expect.objectContaining({ code: 'bad_request' }),
      );
    }
  });

  it('takes a key of exactly the limit', () => {
    const key = buildRoutingKey(['a'], ['b'.repeat(MAX_ROUTING_KEY_BYTES - 2)]);

    expect(Buffer.byteLength(key)).toBe(MAX_ROUTING_KEY_BYTES);
    expect(() => buildRoutingKey(['aa'], ['b'.repeat(MAX_ROUTING_KEY_BYTES - 2)])).toThrow();
  });

  it('throws nothing but AppErrors', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 120 }), { maxLength: 3 }), (ids) => {
        try {
          buildRoutingKey(['call'], ids);
        } catch (error) {
          expect(isAppError(error)).toBe(true);
        }
      }),
    );
  });
});
