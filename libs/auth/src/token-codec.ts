import { AppError, newId, systemClock, type Clock } from '@ringdown/core';
import { decode, sign, verify, type JwtPayload } from 'jsonwebtoken';

/** A signing key and its name; the name travels as `kid`, so that keys can be rotated. */
export interface SigningSecret {
  readonly kid: string;
  readonly secret: string;
}

/** What a token says. */
export interface TokenClaims {
  readonly tokenId: string;
  readonly accountId: string;
  readonly userId: string | undefined;
  readonly keyId: string | undefined;
  /** Differs from the principal's present epoch once its password changed: the token is then revoked. */
  readonly epoch: number;
  /** How it was obtained, for example `user_auth`. */
  readonly method: string;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** What a new token shall say. */
export interface TokenSubject {
  readonly accountId: string;
  readonly userId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly epoch: number;
  readonly method: string;
}

export interface SignedToken {
  readonly token: string;
  readonly tokenId: string;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

const ISSUER = 'ringdown';
/** Longer texts are refused unread: no token of ours comes near it. */
const MAX_TOKEN_LENGTH = 4096;

/**
 * Makes and checks the JWTs of this system (HS256, `kid` in the header). The first secret signs, all verify.
 * Claim names follow Kazoo (`account_id`, `owner_id`, `method`). Whether the principal still exists and whether the
 * token was revoked is the directory's question, not the codec's.
 */
export class TokenCodec {
  private readonly secrets: ReadonlyMap<string, string>;
  private readonly signing: SigningSecret;

  constructor(
    secrets: readonly SigningSecret[],
    private readonly clock: Clock = systemClock,
  ) {
    const first = secrets[0];
    if (!first) throw new AppError('internal', 'a token codec needs at least one secret');
    this.signing = first;
    this.secrets = new Map(secrets.map(({ kid, secret }) => [kid, secret]));
  }

  sign(subject: TokenSubject, ttlSeconds: number): SignedToken {
    const issuedAt = Math.floor(this.clock() / 1000);
    const expiresAt = issuedAt + ttlSeconds;
    const tokenId = newId();
    const claims = {
      account_id: subject.accountId,
      ...(subject.userId === undefined ? {} : { owner_id: subject.userId }),
      ...(subject.keyId === undefined ? {} : { key_id: subject.keyId }),
      epoch: subject.epoch,
      method: subject.method,
      iat: issuedAt,
      exp: expiresAt,
      iss: ISSUER,
      jti: tokenId,
    };
    const token = sign(claims, this.signing.secret, { algorithm: 'HS256', keyid: this.signing.kid });
    return { token, tokenId, expiresAtMs: expiresAt * 1000 };
  }

  /** Errors: `unauthorized`, with `details.reason` `malformed`, `signature` or `expired`. */
  verify(token: string): TokenClaims {
    const secret = this.secretFor(token);
    let payload: JwtPayload | string;
    try {
      payload = verify(token, secret, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        clockTimestamp: Math.floor(this.clock() / 1000),
      });
    } catch (error) {
      throw refused(error instanceof Error && error.name === 'TokenExpiredError' ? 'expired' : 'signature');
    }
    if (typeof payload === 'string') throw refused('malformed');
    const { jti, account_id: accountId, owner_id: userId, key_id: keyId, epoch, method, exp } = payload;
    const wellFormed =
      typeof jti === 'string' &&
      typeof accountId === 'string' &&
      typeof epoch === 'number' &&
      typeof exp === 'number' &&
      (userId === undefined || typeof userId === 'string') &&
      (keyId === undefined || typeof keyId === 'string');
    if (!wellFormed) throw refused('malformed');
    return {
      tokenId: jti,
      accountId,
      userId,
      keyId,
      epoch,
      method: typeof method === 'string' ? method : '',
      expiresAtMs: exp * 1000,
    };
  }

  private secretFor(token: string): string {
    if (token.length === 0 || token.length > MAX_TOKEN_LENGTH) throw refused('malformed');
    let kid: unknown;
    try {
      kid = decode(token, { complete: true })?.header.kid;
    } catch {
      throw refused('malformed');
    }
    const secret = typeof kid === 'string' ? this.secrets.get(kid) : undefined;
    if (secret === undefined) throw refused(kid === undefined ? 'malformed' : 'signature');
    return secret;
  }
}

function refused(reason: 'malformed' | 'signature' | 'expired'): AppError {
  return new AppError('unauthorized', 'invalid token', { details: { reason } });
}
