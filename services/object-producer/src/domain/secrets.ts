import { canonicalJson, isJsonObject, type JsonObject } from '@ringdown/core';

/** Members that hold a secret, whatever document they are in and however deep; `apiKey` and `api-key` count as `api_key`. */
const SECRET_NAME =
  /^(?:.+_)?(?:password|passwd|passphrase|pin|secret|api_key|auth_token|access_token|refresh_token|private_key|credential)s?$/i;

/** Secrets by where they were: JSON text of the path -> value. Kept beside the document, never shown. */
export type Secrets = Readonly<Record<string, unknown>>;

/** A document in two: what may be shown and what may not. */
export interface Content {
  readonly doc: JsonObject;
  readonly secrets: Secrets;
}

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z\d])([A-Z])/g, '$1_$2').replaceAll('-', '_'));
}

/** Takes the secrets out of a document. What is left may be shown. */
export function splitSecrets(data: JsonObject): { readonly open: JsonObject; readonly secrets: Secrets } {
  const secrets: Record<string, unknown> = {};
  return { open: takeFrom(data, [], secrets) as JsonObject, secrets };
}

/**
 * The secrets after a change. Clients cannot see them, so they cannot send them back: what a change does not mention
 * stays, `null` (or anything given) replaces. A secret whose surroundings are gone goes with them; one inside a list
 * stays only while its item is the same at the same place, for another item must not inherit it.
 */
export function carrySecrets(before: Content, given: Secrets, open: JsonObject): Secrets {
  const carried: Record<string, unknown> = {};
  for (const [at, value] of Object.entries({ ...before.secrets, ...given })) {
    if (value === null) continue;
    if (Object.hasOwn(given, at) || keepsItsPlace(before.doc, open, at)) carried[at] = value;
  }
  return carried;
}

export function secretAt(path: readonly (string | number)[]): string {
  return JSON.stringify(path);
}

function takeFrom(
  value: unknown,
  path: readonly (string | number)[],
  secrets: Record<string, unknown>,
): unknown {
  if (Array.isArray(value)) return value.map((item, index) => takeFrom(item, [...path, index], secrets));
  if (!isJsonObject(value)) return value;
  const open: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    const at = [...path, name];
    if (isSecretName(name)) secrets[secretAt(at)] = member;
    else open.push([name, takeFrom(member, at, secrets)]);
  }
  return Object.fromEntries(open);
}

function keepsItsPlace(before: JsonObject, after: JsonObject, at: string): boolean {
  const path = JSON.parse(at) as (string | number)[];
  const container = valueAt(after, path.slice(0, -1));
  if (typeof container !== 'object' || container === null) return false;
  const item = path.slice(0, path.findIndex((part) => typeof part === 'number') + 1);
  return item.length === 0 || canonicalJson(valueAt(before, item)) === canonicalJson(valueAt(after, item));
}

function valueAt(root: unknown, path: readonly (string | number)[]): unknown {
  let current = root;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return undefined;
    current = (current as Record<string | number, unknown>)[part];
  }
  return current;
}
