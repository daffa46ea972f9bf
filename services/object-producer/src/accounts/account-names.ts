import type { JsonObject } from '@ringdown/core';
import type { AccountNames } from '../domain/account';

/** The members of an account document that its place in the tree follows. They were validated and completed before. */
export function accountNames(doc: JsonObject): AccountNames {
  const { name, realm, enabled } = doc;
  return { name: String(name), realm: String(realm), enabled: enabled !== false };
}
