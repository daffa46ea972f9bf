import { createHash } from 'node:crypto';
import { apiAuth } from '@ringdown/contracts';
import { AppError, isAppError } from '@ringdown/core';
import { LRUCache } from 'lru-cache';
import { equalSecrets } from './bearer';
import type { Credentials } from './credentials';
import type { Principal } from './principal';
import type { DirectoryBroker, PrincipalDirectory } from './principal-directory';

export interface CredentialAuthenticatorOptions {
  readonly broker: Pick<DirectoryBroker, 'request'>;
  readonly directory: Pick<PrincipalDirectory, 'authenticateToken' | 'check'>;
  /** Default 3,000. */
  readonly timeoutMs?: number;
  /** Accepted keys remembered by their hash. Default 5,000. */
  readonly cacheSize?: number;
}

/** No key of ours is longer; longer ones are refused without a question. */
const MAX_KEY_LENGTH = 256;

/**
 * Finds out who is behind a token or an API key. A key that was accepted is remembered, so that it is asked about once;
 * whether it still holds is the directory's knowledge, as for tokens.
 */
export class CredentialAuthenticator {
  private readonly known: LRUCache<string, Principal>;

  constructor(private readonly options: CredentialAuthenticatorOptions) {
    this.known = new LRUCache({ max: options.cacheSize ?? 5_000 });
  }

  /** Errors: `unauthorized`, `locked` (the account of a key is disabled), `rate_limited`, `unavailable`. */
  async authenticate(credentials: Credentials, clientIp: string): Promise<Principal> {
    if (credentials.kind === 'token') return this.options.directory.authenticateToken(credentials.token);
    const { key, keyId } = credentials;
    if (key.length > MAX_KEY_LENGTH) throw unknownKey();
    const hash = createHash('sha256').update(key).digest('base64');
    const principal = (await this.remembered(hash)) ?? (await this.asked(key, clientIp));
    // The id is no secret, but a wrong one is a client that is mistaken about which key it uses.
    if (keyId !== undefined && !equalSecrets(keyId, principal.keyId ?? '')) throw unknownKey();
    this.known.set(hash, principal);
    return principal;
  }

  private async remembered(hash: string): Promise<Principal | undefined> {
    const principal = this.known.get(hash);
    if (principal === undefined) return undefined;
    if ((await this.options.directory.check(principal)) === undefined) return principal;
    this.known.delete(hash);
    return undefined;
  }

  /** A key is exchanged for a token, but what was shown is the key: it does not expire, and no token can be revoked. */
  private async asked(key: string, clientIp: string): Promise<Principal> {
    const { broker, directory, timeoutMs = 3_000 } = this.options;
    try {
      const { auth_token } = await broker.request(
        apiAuth,
        { api_key: key, client_ip: clientIp },
        { timeoutMs },
      );
      const principal = await directory.authenticateToken(auth_token);
      return { ...principal, tokenId: undefined, expiresAtMs: undefined };
    } catch (error) {
      if (isAppError(error) && error.code === 'not_found') throw unknownKey();
      if (isAppError(error) && error.code === 'timeout') {
        throw new AppError('unavailable', 'authorization unavailable, try again', { cause: error });
      }
      throw error;
    }
  }
}

function unknownKey(): AppError {
  return new AppError('unauthorized', 'the API key is not valid');
}
