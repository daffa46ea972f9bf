import { isJsonObject, type JsonObject } from '@ringdown/core';
import { fieldPath, invalidField } from './field-errors';

/** Deeper documents are refused: nobody writes them by hand, and recursion must end. */
const MAX_DEPTH = 50;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Members that belong to the system and are set by it alone. */
const RESERVED: ReadonlySet<string> = new Set(['id', 'revision']);

/**
 * What a client may say: private members (`pvt_*` anywhere, `_*` and the reserved ones at the top) are dropped, so that a
 * document can be sent back as it was read; Kazoo does the same. Texts that no database can hold (NUL, half a surrogate
 * pair), too deep nesting and the member `__proto__` are refused with the path.
 */
export function cleanData(data: JsonObject): JsonObject {
  const kept: [string, unknown][] = [];
  for (const [name, value] of Object.entries(data)) {
    if (name.startsWith('_') || name.startsWith('pvt_') || RESERVED.has(name)) continue;
    checkText(name, [name]);
    kept.push([name, cleanValue(value, [name])]);
  }
  return Object.fromEntries(kept);
}

function cleanValue(value: unknown, path: readonly (string | number)[]): unknown {
  if (typeof value === 'string') return checkText(value, path);
  if (typeof value !== 'object' || value === null) return value;
  if (path.length >= MAX_DEPTH) {
    throw invalidField(fieldPath(path.slice(0, 5)), 'invalid', {
      message: `Nested deeper than ${MAX_DEPTH} levels`,
      target: MAX_DEPTH,
    });
  }
  if (Array.isArray(value)) return value.map((item, index) => cleanValue(item, [...path, index]));
  if (!isJsonObject(value)) return value;
  const kept: [string, unknown][] = [];
  for (const [name, member] of Object.entries(value)) {
    if (name.startsWith('pvt_')) continue;
    checkText(name, [...path, name]);
    kept.push([name, cleanValue(member, [...path, name])]);
  }
  return Object.fromEntries(kept);
}

function checkText(text: string, path: readonly (string | number)[]): string {
  if (text === '__proto__' || text.includes('\0') || LONE_SURROGATE.test(text)) {
    throw invalidField(
      fieldPath(path)
        .replaceAll('\0', '')
        .replace(/\p{Surrogate}/gu, ''),
      'invalid',
      {
        message: 'Holds a character or name that cannot be stored',
      },
    );
  }
  return text;
}
