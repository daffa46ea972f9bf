import type { LoginResult } from '@ringdown/contracts';
import type { Stores } from '../ports';
import { notFound } from '../domain/document';
import { apiKeyHash } from './api-keys';
import { addressKey, type AttemptLimiter } from './attempt-limiter';
import type { Login } from './login';

/** Exchanges an API key for a token. Keys of deleted accounts are unknown. */
export class ApiAuth {
  constructor(
    private readonly stores: Stores,
    private readonly login: Login,
    private readonly limiter: AttemptLimiter,
  ) {}

  /** Errors: `not_found` (`bad identifier`), `locked`, `rate_limited`. */
  run(request: { readonly api_key: string; readonly client_ip: string }): Promise<LoginResult> {
    return this.limiter.attempt([addressKey(request.client_ip)], async () => {
      const key = await this.stores.apiKeys.findByHash(apiKeyHash(request.api_key));
      // The key itself is no detail to repeat.
      if (!key) throw notFound('api_key');
      const account = await this.stores.accounts.get(key.accountId);
      return this.login.run({ account, keyId: key.id, epoch: 0, method: 'api_auth' });
    });
  }
}
