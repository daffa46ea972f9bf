import type { JsonObject } from '@ringdown/core';
import { emailKey, type Credential, type PasswordHashes } from '../domain/credential';
import { hashPassword } from '../auth/password-hash';
import { invalidField } from '../domain/field-errors';
import type { PreparedData } from './prepare-data';

/** The members of a user document that its login follows. */
interface UserMembers {
  readonly username: string | undefined;
  readonly enabled: boolean;
  readonly privLevel: 'admin' | 'user';
}

export function userMembers(doc: JsonObject): UserMembers {
  const { username, enabled, priv_level: privLevel } = doc;
  return {
    username: typeof username === 'string' ? username : undefined,
    enabled: enabled !== false,
    privLevel: privLevel === 'admin' ? 'admin' : 'user',
  };
}

/** The address a user with a password logs in by, as its key. */
export function loginEmail(doc: JsonObject, hashes: PasswordHashes | undefined): string | undefined {
  const { email } = doc;
  return hashes !== undefined && typeof email === 'string' ? emailKey(email) : undefined;
}

/** Hashes that were computed before the transaction began, because scrypt is slow and locks are precious. */
export interface HashedPassword {
  readonly username: string;
  readonly hashes: PasswordHashes;
}

export async function hashAhead(kdf: string, prepared: PreparedData): Promise<HashedPassword | undefined> {
  const { username } = userMembers(prepared.doc);
  if (typeof prepared.password !== 'string' || username === undefined) return undefined;
  return { username, hashes: await hashPassword(kdf, username, prepared.password) };
}

/**
 * A user's login after a change. The epoch rises, and with it every token falls, when the password, the username or the
 * right to log in was taken away or changed. Errors: `validation_failed` when the username changes without the password,
 * which is part of the hash.
 */
export function nextCredential(
  current: Credential,
  prepared: PreparedData,
  ahead: HashedPassword | undefined,
): { readonly credential: Credential; readonly accessChanged: boolean } {
  const { username, enabled, privLevel } = userMembers(prepared.doc);
  const renamed = username !== current.username;
  if (renamed && username !== undefined && current.hashes && prepared.password === undefined) {
    throw invalidField('password', 'required', { message: 'The password is needed to change the username' });
  }
  const hashes = nextHashes(current, prepared, ahead, username);
  const voided = renamed || hashes !== current.hashes || (current.enabled && !enabled);
  return {
    credential: {
      ...current,
      username,
      hashes,
      email: loginEmail(prepared.doc, hashes),
      enabled,
      privLevel,
      epoch: current.epoch + (voided ? 1 : 0),
    },
    accessChanged: voided || enabled !== current.enabled || privLevel !== current.privLevel,
  };
}

function nextHashes(
  current: Credential,
  { password }: PreparedData,
  ahead: HashedPassword | undefined,
  username: string | undefined,
): PasswordHashes | undefined {
  if (username === undefined || password === null) return undefined;
  return password === undefined ? current.hashes : ahead?.hashes;
}
