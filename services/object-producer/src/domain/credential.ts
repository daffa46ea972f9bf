/**
 * The two forms a Kazoo client may send instead of a password: hex of md5 or sha1 over `user:password`. Each is stored
 * as its scrypt hash.
 */
export interface PasswordHashes {
  readonly md5: string;
  readonly sha: string;
}

/** What a login and a check of access need of a user. */
export interface Credential {
  readonly userId: string;
  readonly accountId: string;
  /** In lower case. Undefined: cannot log in. */
  readonly username: string | undefined;
  readonly hashes: PasswordHashes | undefined;
  /** The address it logs in by, as {@link emailKey} makes it; no two logins have the same. Undefined: by none. */
  readonly email: string | undefined;
  readonly enabled: boolean;
  readonly privLevel: 'admin' | 'user';
  /** Tokens made under another epoch are void. */
  readonly epoch: number;
}

/** How addresses are compared: ASCII letters without case, everything else as it is, as the database does it, too. */
export function emailKey(address: string): string {
  return address.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
