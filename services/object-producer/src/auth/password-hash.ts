import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AppError } from '@ringdown/core';
import type { PasswordHashes } from '../domain/credential';

const COST = { N: 16_384, r: 8, p: 1 } as const;
const LENGTH = 32;

/**
 * How an account's passwords are hashed: `scrypt$N$r$p$salt`. The salt belongs to the account, not to the user: both
 * forms already contain the username, which is unique in the account, so no two users share an input; and a login by
 * form alone, which names no user, can be looked up by its hash with one computation.
 */
export function newKdf(): string {
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${randomBytes(16).toString('base64url')}`;
}

/** Both forms of a password, hashed. The username is in lower case. */
export async function hashPassword(kdf: string, username: string, password: string): Promise<PasswordHashes> {
  const [md5, sha] = await Promise.all([
    hashForm(kdf, passwordForm('md5', username, password)),
    hashForm(kdf, passwordForm('sha', username, password)),
  ]);
  return { md5, sha };
}

/** The scrypt hash of a form, base64url. */
export function hashForm(kdf: string, form: string): Promise<string> {
  const [name, n, r, p, salt] = kdf.split('$');
  if (name !== 'scrypt' || salt === undefined) {
    return Promise.reject(new AppError('internal', `unknown way of hashing passwords: ${name}`));
  }
  const options = { N: Number(n), r: Number(r), p: Number(p) };
  return new Promise((resolve, reject) => {
    scrypt(form, Buffer.from(salt, 'base64url'), LENGTH, options, (error, key) => {
      if (error) reject(error);
      else resolve(key.toString('base64url'));
    });
  });
}

/** Compares in constant time. An absent hash equals nothing. */
export function sameHash(hash: string, stored: string | undefined): boolean {
  const expected = Buffer.alloc(64);
  expected.write(stored ?? '');
  const actual = Buffer.alloc(64);
  actual.write(hash);
  return timingSafeEqual(actual, expected) && stored !== undefined && stored.length === hash.length;
}

/** Hex of md5 or sha1 over `user:password`. */
export function passwordForm(form: keyof PasswordHashes, username: string, password: string): string {
  return createHash(form === 'md5' ? 'md5' : 'sha1')
    .update(`${username}:${password}`)
    .digest('hex');
}
