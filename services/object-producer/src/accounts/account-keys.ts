/**
 * What makes two account names the same: letters and digits only, lower case, as Kazoo normalises names for logins.
 * A name without any keeps its own lower-case form.
 */
export function accountNameKey(name: string): string {
  const lower = name.normalize('NFKC').toLowerCase();
  const plain = lower.replace(/[^\p{L}\p{N}]/gu, '');
  return plain === '' ? `=${lower.trim()}` : plain;
}

export function realmKey(realm: string): string {
  return realm.trim().toLowerCase();
}

/** The realm of an account that was given none: unique, because ids are, and under a name that is nobody's. */
export function defaultRealm(accountId: string): string {
  return `${accountId.slice(0, 12)}.sip.example`;
}
