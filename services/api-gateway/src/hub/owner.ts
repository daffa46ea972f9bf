import type { Principal } from '@ringdown/auth';

/** Whose hub sockets are meant: the user's, or for an API key the account's. */
export function hubOwner({ accountId, userId }: Principal): {
  readonly account_id: string;
  readonly user_id: string;
} {
  return { account_id: accountId, user_id: userId ?? accountId };
}
