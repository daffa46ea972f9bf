import { AppError } from '@ringdown/core';
import { CredentialAuthenticator } from './credential-authenticator';
import { credentialsOf } from './credentials';
import type { Principal } from './principal';

const KEY = 'ab'.repeat(32);
const of = (
  headers: Record<string, string>,
  { query = '', tokenInQuery = false }: { query?: string; tokenInQuery?: boolean } = {},
) => credentialsOf(headers, new URLSearchParams(query), { tokenInQuery });
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('credentials', () => {
  it.each([
    [{ authorization: 'Bearer t1' }, { kind: 'token', token: 't1' }],
    [{ authorization: 't1' }, { kind: 'token', token: 't1' }],
    [{ 'x-auth-token': 't1' }, { kind: 'token', token: 't1' }],
    [{ 'x-api-key': KEY }, { kind: 'api_key', key: KEY, keyId: undefined }],
    [{ 'x-api-key': base64(`id-1:${KEY}`) }, { kind: 'api_key', key: KEY, keyId: 'id-1' }],
    [{ 'x-api-key': base64('a:b:c') }, { kind: 'api_key', key: base64('a:b:c'), keyId: undefined }],
    [
      { authorization: 'Bearer t1', 'x-api-key': KEY },
      { kind: 'token', token: 't1' },
    ],
    [
      { authorization: 'Basic YTpi', 'x-api-key': KEY },
      { kind: 'api_key', key: KEY, keyId: undefined },
    ],
    [{ authorization: 'Basic YTpi' }, undefined],
    [{ 'x-api-key': ' ' }, undefined],
    [{}, undefined],
  ])('%j are %j', (headers, expected) =>
    expect(of(headers as unknown as Record<string, string>)).toEqual(expected),
  );

  it('in the query count only where a setting allows it, and only without any in the headers', () => {
    expect(of({}, { query: 'access_token=t2' })).toBeUndefined();
    const allowed = { query: 'access_token=t2', tokenInQuery: true };
    expect(of({}, allowed)).toEqual({ kind: 'token', token: 't2' });
    expect(of({ authorization: 'Bearer t1' }, allowed)).toEqual({ kind: 'token', token: 't1' });
    expect(of({}, { query: 'access_token=', tokenInQuery: true })).toBeUndefined();
  });
});

describe('an API key', () => {
  const principal = { accountId: 'a', keyId: 'id-1', tokenId: 't', expiresAtMs: 5 } as unknown as Principal;
  let asked: number;
  let valid: boolean;
  const authenticator = () =>
    new CredentialAuthenticator({
      broker: {
        request: (_operation, payload) => {
          asked += 1;
          const known = (payload as { api_key: string }).api_key === KEY;
          return known
            ? Promise.resolve({ auth_token: 'jwt' } as never)
            : Promise.reject(new AppError('not_found', 'bad identifier'));
        },
      },
      directory: {
        authenticateToken: () => Promise.resolve(principal),
        check: () => Promise.resolve(valid ? undefined : 'deleted'),
      },
    });
  const key = (keyId?: string) => ({ kind: 'api_key', key: KEY, keyId }) as const;

  beforeEach(() => {
    asked = 0;
    valid = true;
  });

  it('is a principal that does not expire, and is asked about once while it holds', async () => {
    const auth = authenticator();
    const expected = { ...principal, tokenId: undefined, expiresAtMs: undefined };
    expect(await auth.authenticate(key(), 'ip')).toEqual(expected);
    expect(await auth.authenticate(key('id-1'), 'ip')).toEqual(expected);
    expect(asked).toBe(1);
    valid = false;
    await auth.authenticate(key(), 'ip');
    expect(asked).toBe(2);
  });

  it('that is unknown, or named by another id, is not accepted', async () => {
    const auth = authenticator();
    for (const credentials of [
      { kind: 'api_key', key: 'other', keyId: undefined } as const,
      { kind: 'api_key', key: 'x'.repeat(257), keyId: undefined } as const,
      key('id-2'),
    ]) {
      await expect(auth.authenticate(credentials, 'ip')).rejects.toMatchObject({ code: 'unauthorized' });
    }
  });
});
