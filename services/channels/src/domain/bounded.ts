import type { JsonObject } from '@ringdown/contracts';
import type { Interner } from './interner';

/** Longest call id, and longest id of anything else, that can be asked for. */
export const MAX_CALL_ID = 512;
export const MAX_ID = 128;
/** Longest text kept of one member; the rest is cut off. */
export const MAX_TEXT = 256;
/** What is kept of the variables of a channel: so many members, and so many characters of names and texts. */
export const MAX_VARIABLES = 64;
export const MAX_VARIABLES_TEXT = 4_096;

export type Variables = Readonly<Record<string, string | number | boolean>>;

/** A text of any publisher within bounds; numbers are taken as text. Undefined: nothing that can be shown. */
export function boundedText(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length <= MAX_TEXT ? value : copied(value.slice(0, MAX_TEXT));
}

/** An id within bounds; a longer one could not be asked for, and cut off it would be another's. */
export function boundedId(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID ? value : undefined;
}

export function boundedCallId(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= MAX_CALL_ID ? value : undefined;
}

/** Numbers, also as text, within the range; undefined for anything else. */
export function boundedNumber(value: unknown, min: number, max: number): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && number >= min && number <= max ? number : undefined;
}

/** The simple members of an object, up to the bounds; lists and objects in it are left out. */
export function boundedVariables(value: unknown): Variables | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const body = value as JsonObject;
  let left = MAX_VARIABLES_TEXT;
  let count = 0;
  let kept: Record<string, string | number | boolean> | undefined;
  for (const name of Object.keys(body)) {
    const member = body[name];
    if (typeof member !== 'string' && typeof member !== 'number' && typeof member !== 'boolean') continue;
    left -= name.length + (typeof member === 'string' ? member.length : 8);
    if (left < 0 || (count += 1) > MAX_VARIABLES) break;
    kept ??= {};
    kept[name] = member;
  }
  return kept;
}

export function sameVariables(a: Variables, b: Variables): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/** Different in every call. */
const unique: ReadonlySet<string> = new Set(['call_interaction_id', 'bridge_id', 'fetch_id']);

/** The same with one copy of each text that repeats. */
export function internedVariables(variables: Variables, interner: Interner): Variables {
  const interned: Record<string, string | number | boolean> = {};
  for (const name of Object.keys(variables)) {
    const value = variables[name]!;
    interned[name] = typeof value === 'string' && !unique.has(name) ? interner.of(value) : value;
  }
  return interned;
}

/** A part of a text keeps the whole text in memory; this one does not. */
export function copied(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
