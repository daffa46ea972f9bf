import type { Actor } from '@ringdown/contracts';
import type { AuthenticatedRequest } from '../front/request';

/** Who asks, for the service that does it. */
export function actorOf({ principal }: AuthenticatedRequest): Actor {
  return {
    account_id: principal.accountId,
    ...(principal.userId === undefined ? {} : { user_id: principal.userId }),
  };
}
