import { invalidField } from './errors';

/** By dotted key. No key lies below another one: levels are either a value or have members. */
export type Metadata = Readonly<Record<string, string | number | boolean>>;

const MAX_KEYS = 100;

/** What was at the key or below it, and values on the way to it, give way. Errors: `validation_failed` (too many keys). */
export function withKey(metadata: Metadata, key: string, value: string | number | boolean): Metadata {
  const kept = Object.entries(withoutKey(metadata, key)).filter(([other]) => !key.startsWith(`${other}.`));
  if (kept.length >= MAX_KEYS) throw invalidField('key', 'maxItems', `At most ${MAX_KEYS} keys`);
  return Object.fromEntries([...kept, [key, value]]);
}

/** Without the key and everything below it. */
export function withoutKey(metadata: Metadata, key: string): Metadata {
  return Object.fromEntries(
    Object.entries(metadata).filter(([other]) => other !== key && !other.startsWith(`${key}.`)),
  );
}

/** The same with an object per level. */
export function nested(metadata: Metadata): Readonly<Record<string, unknown>> {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(metadata)) {
    const parts = key.split('.');
    const last = parts.pop()!;
    let level = result;
    for (const part of parts) {
      if (!Object.hasOwn(level, part)) level[part] = {};
      level = level[part] as Record<string, unknown>;
    }
    level[last] = value;
  }
  return result;
}
