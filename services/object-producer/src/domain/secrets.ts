import { isJsonObject, type JsonObject } from './json';

/** Members that hold a secret, whatever document they are in and however deep. */
const SECRET_NAME =
  /^(?:.+_)?(?:password|passwd|passphrase|pin|secret|api_key|auth_token|access_token|private_key|credentials)$/i;

/** Secrets by where they were: JSON text of the path -> value. Kept beside the document, never shown. */
export type Secrets = Readonly<Record<string, unknown>>;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Takes the secrets out of a document. What is left may be shown. */
export function splitSecrets(data: JsonObject): { readonly open: JsonObject; readonly secrets: Secrets } {
  const secrets: Record<string, unknown> = {};
  return { open: takeFrom(data, [], secrets) as JsonObject, secrets };
}

/**
 * The secrets after a change. Clients cannot see them, so they cannot send them back: what a change does not mention
 * stays, `null` (or anything given) replaces. A secret whose surroundings are gone goes with them.
 */
export function carrySecrets(before: Secrets, given: Secrets, open: JsonObject): Secrets {
  const carried: Record<string, unknown> = {};
  for (const [path, value] of Object.entries({ ...before, ...given })) {
    if (value === null) continue;
    const parents = (JSON.parse(path) as (string | number)[]).slice(0, -1);
    if (Object.hasOwn(given, path) || hasContainer(open, parents)) carried[path] = value;
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

function hasContainer(open: unknown, path: readonly (string | number)[]): boolean {
  let current = open;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) return false;
    current = (current as Record<string | number, unknown>)[part];
  }
  return typeof current === 'object' && current !== null;
}
