import { isJsonObject, type JsonObject } from '@ringdown/core';

/**
 * A document with a patch applied, in the manner of RFC 7396: objects are merged member by member, `null` removes,
 * anything else replaces. Neither argument is changed.
 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else if (isJsonObject(value)) {
      const before = merged.get(name);
      merged.set(name, mergePatch(isJsonObject(before) ? before : {}, value));
    } else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/** A whole document without its `null` members: an absent value has one form only. */
export function withoutNulls(data: JsonObject): JsonObject {
  return mergePatch({}, data);
}
