import Joi from 'joi';
import { defineOperation } from './operation';

/** Where logins, accounts and documents live. */
export const OBJECT_PRODUCER = 'object-producer';

/** What `identity.describe` knows of a principal right now. Any `false` or `null` means: no delivery, no REST. */
export interface PrincipalState {
  /** Null when the account does not exist or is deleted. */
  readonly account: {
    readonly id: string;
    readonly name: string;
    readonly realm: string;
    readonly enabled: boolean;
    /** Ancestors from the root to the parent, as Kazoo's `pvt_tree`. */
    readonly tree: readonly string[];
    readonly superduper_admin: boolean;
  } | null;
  /** Present when a user was asked for; null when it does not exist or is deleted. */
  readonly user?: {
    readonly id: string;
    readonly enabled: boolean;
    readonly priv_level: 'admin' | 'user';
  } | null;
  /** Present when an API key was asked for; null when it does not exist or is deleted. */
  readonly api_key?: { readonly id: string } | null;
  /** Tokens whose `epoch` claim differs are revoked (raised by a changed password). 0 for keys. */
  readonly epoch: number;
}

/** The answer of a login. The gateway puts `auth_token` at the top of the envelope. */
export interface LoginResult {
  readonly auth_token: string;
  /** Unix milliseconds. */
  readonly expires_at: number;
  readonly account_id: string;
  readonly account_name: string;
  readonly owner_id?: string;
  readonly is_master_account: boolean;
  readonly language: string;
}

export interface UserAuthRequest {
  /** Exactly one way to name the account. */
  readonly account_name?: string | undefined;
  readonly account_realm?: string | undefined;
  readonly phone_number?: string | undefined;
  /** Either username and password, or Kazoo credentials: hex of md5 or sha1 over `user:password`. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly credentials?: string | undefined;
  readonly method?: 'md5' | 'sha' | undefined;
  /** For the attempt limit. */
  readonly client_ip: string;
}

/** A person logs in: by e-mail address alone, or by username and the account it belongs to. */
export interface LoginRequest {
  /** Exactly one of `email` and `username`. */
  readonly email?: string | undefined;
  readonly username?: string | undefined;
  /** With a username: exactly one way to name the account. */
  readonly account_name?: string | undefined;
  readonly account_realm?: string | undefined;
  readonly password: string;
  /** For the attempt limit. */
  readonly client_ip: string;
}

/** The answer of a login of a person: the token, and who it is. */
export interface UserLoginResult extends LoginResult {
  readonly owner_id: string;
  readonly user: {
    readonly id: string;
    readonly username: string;
    readonly first_name: string;
    readonly last_name: string;
    /** As the user's document has it; absent when it has none. */
    readonly email?: string;
  };
}

const id = Joi.string().min(1).max(128);

/** Logs a user in. Errors: unauthorized, locked (disabled), rate_limited, validation_failed. */
export const userAuth = defineOperation<UserAuthRequest, LoginResult>(
  OBJECT_PRODUCER,
  'identity.user_auth',
  Joi.object({
    account_name: Joi.string().max(256),
    account_realm: Joi.string().max(256),
    phone_number: Joi.string().max(64),
    username: Joi.string().max(256),
    password: Joi.string().max(1024),
    credentials: Joi.string().hex().max(64),
    method: Joi.string().valid('md5', 'sha'),
    client_ip: Joi.string().max(64).required(),
  }),
);

/**
 * Logs a person in, for protocols that know e-mail addresses. The address is compared without regard to the case of
 * ASCII letters. Attempt limits and cost are those of {@link userAuth}. Errors: unauthorized, locked (disabled),
 * rate_limited, validation_failed.
 */
export const loginUser = defineOperation<LoginRequest, UserLoginResult>(
  OBJECT_PRODUCER,
  'identity.login_user',
  Joi.object({
    email: Joi.string().max(256),
    username: Joi.string().max(256),
    account_name: Joi.string().max(256),
    account_realm: Joi.string().max(256),
    password: Joi.string().max(1024).required(),
    client_ip: Joi.string().max(64).required(),
  }),
);

/** Exchanges an API key for a token. Errors: not_found (unknown key), locked, rate_limited. */
export const apiAuth = defineOperation<{ readonly api_key: string; readonly client_ip: string }, LoginResult>(
  OBJECT_PRODUCER,
  'identity.api_auth',
  Joi.object({ api_key: Joi.string().max(256).required(), client_ip: Joi.string().max(64).required() }),
);

export interface DescribeRequest {
  readonly account_id: string;
  readonly owner_id?: string | undefined;
  readonly key_id?: string | undefined;
}

/** The current state of a principal or, with only an account id, of an account and its place in the tree. */
export const describePrincipal = defineOperation<DescribeRequest, PrincipalState>(
  OBJECT_PRODUCER,
  'identity.describe',
  Joi.object({ account_id: id.required(), owner_id: id, key_id: id }),
);

/** A token that must no longer be accepted; kept until it would have expired. */
export interface Revocation {
  readonly token_id: string;
  /** Unix seconds. */
  readonly expires_at: number;
}

/** Revokes one token everywhere: stores it, then announces `control.token_revoked`. */
export const revokeToken = defineOperation<Revocation, Record<string, never>>(
  OBJECT_PRODUCER,
  'identity.revoke_token',
  Joi.object({ token_id: id.required(), expires_at: Joi.number().integer().required() }),
  { writes: true },
);

/** Every revocation that still matters. Loaded by a starting or reconnecting instance before it is ready. */
export const listRevocations = defineOperation<
  Record<string, never>,
  { readonly revocations: readonly Revocation[] }
>(OBJECT_PRODUCER, 'identity.list_revocations', Joi.object({}));
