/** Who is behind a request or a socket: an account, optionally a user or an API key of it. */
export interface Principal {
  readonly accountId: string;
  readonly userId: string | undefined;
  readonly keyId: string | undefined;
  /** `jti` of the token it came with; undefined for an API key used directly. */
  readonly tokenId: string | undefined;
  /** Unix milliseconds; undefined: does not expire (API key). */
  readonly expiresAtMs: number | undefined;
  /** Of the token; differs from the principal's present one once its password changed. */
  readonly epoch: number;
  /** Administrator of its own account and the accounts below (API keys always). */
  readonly isAdmin: boolean;
  /** Administrator of the root account: may do everything, everywhere. */
  readonly isSuperAdmin: boolean;
}

/** Why a principal stopped being one. */
export type InvalidReason = 'expired' | 'revoked' | 'disabled' | 'deleted';
