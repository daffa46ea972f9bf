import { type AppError } from '@ringdown/core';
import { sign as signJwt } from 'jsonwebtoken';
import { TokenCodec } from './token-codec';

const secret = 's'.repeat(32);
const start = Date.UTC(2026, 0, 5, 10);
const subject = { accountId: 'a1', userId: 'u1', epoch: 3, method: 'user_auth' };

function reasonOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as AppError).details?.reason;
  }
  return 'accepted';
}

describe('a token codec', () => {
  it('reads back what it signed', () => {
    const codec = new TokenCodec([{ kid: 'k1', secret }], () => start);

    const signed = codec.sign(subject, 3600);

    expect(codec.verify(signed.token)).toEqual({
      ...subject,
      keyId: undefined,
      tokenId: signed.tokenId,
      expiresAtMs: start + 3_600_000,
    });
  });

  it('refuses a token from the second it expires', () => {
    let now = start;
    const codec = new TokenCodec([{ kid: 'k1', secret }], () => now);
    const { token } = codec.sign(subject, 60);

    now = start + 59_999;
    expect(codec.verify(token).accountId).toBe('a1');
    now = start + 60_000;
    expect(reasonOf(() => codec.verify(token))).toBe('expired');
  });

  it('accepts a token of a retired signing key while the key is still listed', () => {
    const old = new TokenCodec([{ kid: 'old', secret }], () => start);
    const rotated = new TokenCodec(
      [
        { kid: 'new', secret: 'n'.repeat(32) },
        { kid: 'old', secret },
      ],
      () => start,
    );

    expect(rotated.verify(old.sign(subject, 60).token).accountId).toBe('a1');
    expect(reasonOf(() => old.verify(rotated.sign(subject, 60).token))).toBe('signature');
  });

  it.each([
    ['an empty text', ''],
    ['a text without dots', 'hello'],
    ['three empty parts', '..'],
    ['an oversized text', 'x'.repeat(5000)],
    ['parts that are not base64', '%%%.%%%.%%%'],
  ])('calls %s malformed', (_, token) => {
    expect(reasonOf(() => new TokenCodec([{ kid: 'k1', secret }]).verify(token))).toBe('malformed');
  });

  it.each([
    [
      'signed with another secret',
      signJwt({ account_id: 'a' }, 'x'.repeat(32), { keyid: 'k1', issuer: 'ringdown' }),
    ],
    ['of another issuer', signJwt({ account_id: 'a' }, secret, { keyid: 'k1', issuer: 'someone' })],
    ['of an unknown key', signJwt({ account_id: 'a' }, secret, { keyid: 'k9', issuer: 'ringdown' })],
    ['with another algorithm', signJwt({}, secret, { keyid: 'k1', issuer: 'ringdown', algorithm: 'HS512' })],
    [
      'without a signature',
      signJwt({ account_id: 'a' }, '', { keyid: 'k1', issuer: 'ringdown', algorithm: 'none' }),
    ],
  ])('refuses a token %s', (_, token) => {
    expect(reasonOf(() => new TokenCodec([{ kid: 'k1', secret }]).verify(token))).toBe('signature');
  });

  it('refuses a rightly signed token that lacks a claim', () => {
    const token = signJwt({ account_id: 'a' }, secret, { keyid: 'k1', issuer: 'ringdown' });

    expect(reasonOf(() => new TokenCodec([{ kid: 'k1', secret }]).verify(token))).toBe('malformed');
  });
});
