import type { JsonObject } from '@ringdown/core';
import fc from 'fast-check';
import { cleanData } from './clean-data';
import { mergePatch, withoutNulls } from './merge';
import { decodePageKey, encodePageKey } from './page-key';
import { checkRevision, firstRevision, nextRevision } from './revision';
import { carrySecrets, isSecretName, splitSecrets } from './secrets';
import { eventPart } from './object-event';
import { documentTypes } from './document-types';
import { documentTypes as contractTypes } from '@ringdown/contracts';

const json = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 3 }), {
  noNullPrototype: true,
}) as fc.Arbitrary<JsonObject>;

describe('cleaning', () => {
  it('drops private members and keeps everything else', () => {
    expect(
      cleanData({
        id: 'x',
        _id: 1,
        _rev: 2,
        pvt_a: 3,
        revision: 4,
        keep: { _: 1, pvt_b: 2, c: [{ pvt_d: 1 }] },
      }),
    ).toEqual({ keep: { _: 1, c: [{}] } });
  });

  it('ends with an answer for any JSON', () => {
    fc.assert(
      fc.property(json, (data) => {
        try {
          cleanData(data);
        } catch (error) {
          expect(error).toMatchObject({ code: 'validation_failed' });
        }
      }),
    );
  });

  it('refuses nesting without end and names that would change an object', () => {
    let deep: unknown = 1;
    for (let n = 0; n < 10_000; n += 1) deep = [deep];
    expect(() => cleanData({ deep })).toThrow('validation error');
    expect(() => cleanData(JSON.parse('{"a":{"__proto__":{"admin":true}}}') as JsonObject)).toThrow(
      'validation error',
    );
  });
});

describe('merging', () => {
  it('gives what RFC 7396 gives for its own example', () => {
    const target = { title: 'Goodbye!', author: { givenName: 'John', familyName: 'Doe' }, tags: ['a', 'b'] };
    expect(
      mergePatch(target, { title: 'Hello!', phone: '+01', author: { familyName: null }, tags: ['a'] }),
    ).toEqual({ title: 'Hello!', author: { givenName: 'John' }, tags: ['a'], phone: '+01' });
  });

  it('of the same patch twice is the same as once, and touches neither argument', () => {
    fc.assert(
      fc.property(json, json, (target, patch) => {
        const before = JSON.stringify([target, patch]);
        const once = mergePatch(target, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect(JSON.stringify([target, patch])).toBe(before);
      }),
    );
  });

  it('with an empty patch changes nothing, and a whole document has no null members', () => {
    fc.assert(
      fc.property(json, (data) => {
        const whole = withoutNulls(data);
        expect(mergePatch(whole, {})).toEqual(whole);
        expect(Object.values(whole)).not.toContain(null);
      }),
    );
  });
});

describe('secrets', () => {
  it.each([
    'password',
    'pin',
    'queue_pin',
    'sip_password',
    'api_key',
    'AUTH_TOKEN',
    'client_secret',
    'apiKey',
    'sipPassword',
    'private-key',
    'pins',
  ])('are recognised by the name %s', (name) => expect(isSecretName(name)).toBe(true));

  it.each(['pinned', 'spin', 'passwords_changed_at', 'token_count', 'require_pin_entry'])(
    'are not recognised by the name %s',
    (name) => expect(isSecretName(name)).toBe(false),
  );

  it('leave the open part whatever the depth', () => {
    const { open, secrets } = splitSecrets({ a: 1, sip: { username: 'u', password: 'p' }, l: [{ pin: 1 }] });
    expect(open).toEqual({ a: 1, sip: { username: 'u' }, l: [{}] });
    expect(secrets).toEqual({ '["sip","password"]': 'p', '["l",0,"pin"]': 1 });
  });

  it('stay when a change does not mention them, and go with null or with their surroundings', () => {
    const before = { '["sip","password"]': 'p', '["pin"]': '1' };
    const was = { doc: { sip: {} }, secrets: before };
    expect(carrySecrets(was, {}, { sip: { realm: 'r' } })).toEqual(before);
    expect(carrySecrets(was, { '["pin"]': '2' }, { sip: {} })).toEqual({ ...before, '["pin"]': '2' });
    expect(carrySecrets(was, { '["pin"]': null }, {})).toEqual({});
  });

  it('in a list stay with their item, never with another one that took its place', () => {
    const [a, b] = [{ host: 'a' }, { host: 'b', more: [{ x: 1 }] }];
    const secrets = { '["l",0,"password"]': 'of a', '["l",1,"more",0,"pin"]': 'of b' };
    const was = { doc: { l: [a, b] }, secrets };
    expect(carrySecrets(was, {}, { l: [a, b], note: 'x' })).toEqual(secrets);
    expect(carrySecrets(was, {}, { l: [b] })).toEqual({});
    expect(carrySecrets(was, {}, { l: [a, { ...b, host: 'c' }] })).toEqual({ '["l",0,"password"]': 'of a' });
  });
});

describe('a page key', () => {
  it('comes back as it was', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (seq) => expect(decodePageKey(encodePageKey(seq))).toBe(seq)));
  });

  it('is refused when it is none of ours', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(encodePageKey(decodePageKey(text))).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'validation_failed', details: { start_key: {} } });
        }
      }),
    );
  });
});

describe('a revision', () => {
  it('grows by one and is accepted in each form a client may have read it in', () => {
    const second = nextRevision(firstRevision());
    expect(second).toEqual({ revision: 2, rev: expect.stringMatching(/^2-[0-9a-f]{32}$/) as string });
    for (const revision of [2, '2', second.rev, `"${second.rev}"`, null, 'automatic']) {
      expect(() => checkRevision(second, 2, { revision })).not.toThrow();
    }
    for (const revision of [1, '1', '2-ffff', 2.5]) {
      expect(() => checkRevision(second, undefined, { revision })).toThrow('conflicting documents');
    }
  });
});

describe('the types of documents', () => {
  it('are those of the contracts, with the same parents', () => {
    expect([...documentTypes.keys()].sort()).toEqual(contractTypes.map(({ type }) => type).sort());
    for (const { type, ...rest } of contractTypes) {
      expect(documentTypes.get(type)?.parentType).toBe('parent' in rest ? rest.parent : undefined);
    }
  });

  it('show in events nothing that could be a secret', () => {
    for (const { name, eventMembers } of documentTypes.values()) {
      expect(eventMembers.filter(isSecretName)).toEqual([]);
      const doc = { pvt_x: 1, sip: 1, flow: 1, unknown: 1 };
      expect(eventPart({ id: 'i', type: name, doc })).toEqual({ id: 'i' });
    }
  });
});
