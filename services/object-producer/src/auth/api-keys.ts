import { createHash } from 'node:crypto';
import type { RequestContext } from '@ringdown/broker';
import type { Actor, DocumentResult, ListQuery, ListResult, PublicDocument } from '@ringdown/contracts';
import { newId, randomHex, toGregorianSeconds } from '@ringdown/core';
import type { ApiKey } from '../domain/api-key';
import type { Stores } from '../ports';
import { writeIdentity } from '../app/write-identity';
import type { Writer } from '../app/writer';

interface CreateApiKeyRequest {
  readonly account_id: string;
  readonly actor: Actor;
  readonly data: { readonly name?: string | undefined };
}

interface DeleteApiKeyRequest {
  readonly account_id: string;
  readonly id: string;
  readonly actor: Actor;
}

/** The stored form of a key. Keys are 256 random bits, so a plain hash cannot be reversed by guessing. */
export function apiKeyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** API keys of accounts: made, listed, deleted. The key itself is shown once and stored nowhere. */
export class ApiKeys {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
  ) {}

  /** `doc.api_key` is the secret. Errors: `not_found` (account). */
  async create(
    request: CreateApiKeyRequest,
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<DocumentResult> {
    const secret = randomHex(64);
    const { answer, replayed } = await this.writer.onceOrReplay(
      writeIdentity('api_keys.create', request, context),
      async ({ stores, nowMs }) => {
        await stores.accounts.get(request.account_id, 'share');
        const key: ApiKey = {
          id: newId(),
          accountId: request.account_id,
          name: request.data.name,
          createdAt: nowMs,
        };
        await stores.apiKeys.insert(key, apiKeyHash(secret));
        return shown(key);
      },
    );
    // The first answer was lost and its secret with it: the same key gets a new one.
    if (replayed)
      await this.writer.run(({ stores }) => stores.apiKeys.replaceHash(answer.id, apiKeyHash(secret)));
    return { doc: { ...answer, api_key: secret }, revision: 1 };
  }

  /** Errors: `not_found` (account), `validation_failed` (start key). */
  async list(request: { readonly account_id: string; readonly query: ListQuery }): Promise<ListResult> {
    await this.stores.accounts.get(request.account_id);
    const { query } = request;
    const page = await this.stores.apiKeys.list(request.account_id, query);
    return {
      docs: page.keys.map(shown),
      page_size: page.pageSize,
      ...(query.start_key === undefined ? {} : { start_key: query.start_key }),
      ...(page.nextStartKey === undefined ? {} : { next_start_key: page.nextStartKey }),
    };
  }

  /** Tokens made with the key fall. Errors: `not_found`. */
  async delete(
    request: DeleteApiKeyRequest,
    context: Pick<RequestContext, 'requestId'>,
  ): Promise<DocumentResult> {
    const doc = await this.writer.once(writeIdentity('api_keys.delete', request, context), async (unit) => {
      const key = await unit.stores.apiKeys.delete(request.account_id, request.id);
      unit.announce({ name: 'principal_changed', body: { account_id: key.accountId, key_id: key.id } });
      return { ...shown(key), _read_only: { deleted: true } };
    });
    return { doc, revision: 2 };
  }
}

function shown(key: ApiKey): PublicDocument {
  return {
    id: key.id,
    ...(key.name === undefined ? {} : { name: key.name }),
    created: toGregorianSeconds(key.createdAt),
  };
}
