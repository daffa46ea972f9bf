import type { JsonObject } from '@ringdown/core';
import type { Actor } from '@ringdown/contracts';
import type { RequestContext } from '@ringdown/broker';
import type { WriteIdentity } from '@ringdown/database';
import { withoutSecrets } from '../documents/prepare-data';

interface IdentifiableRequest {
  readonly account_id: string;
  readonly actor: Actor;
  readonly data?: JsonObject;
  readonly idempotency_key?: string | undefined;
}

/**
 * By what a repetition of this request is recognised. An idempotency key is its sender's own: two principals may use the
 * same one.
 */
export function writeIdentity(
  operation: string,
  request: IdentifiableRequest,
  context: Pick<RequestContext, 'requestId'>,
): WriteIdentity {
  const { actor, data, idempotency_key: key, ...rest } = request;
  return {
    // The client's own key first: it is the one whose misuse must be noticed.
    keys: [
      ...(key === undefined ? [] : [`key:${actor.account_id}/${actor.user_id ?? ''}:${key}`]),
      `request:${context.requestId}`,
    ],
    asked: [operation, rest, data === undefined ? null : withoutSecrets(data)],
  };
}
