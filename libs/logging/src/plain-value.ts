import { HIDDEN, isSecretKey, redactText } from './redact';

const MAX_DEPTH = 6;
const MAX_ENTRIES = 50;
const MAX_NODES = 500;
const MAX_CAUSES = 5;

/** An error as a log line shows it. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly details?: unknown;
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** What is left of the allowance while one value is walked. */
interface Walk {
  nodes: number;
  readonly ancestors: Set<object>;
}

/**
 * A copy of `value` that is safe to log: plain data, bounded in depth, breadth and size, secrets replaced, cycles cut,
 * errors with their chain of causes. Never throws.
 */
export function plainValue(value: unknown): unknown {
  return walk(value, 0, { nodes: 0, ancestors: new Set() });
}

function walk(value: unknown, depth: number, state: Walk): unknown {
  if (typeof value === 'string') return redactText(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === undefined || typeof value === 'function') return undefined;
  if (typeof value !== 'object') return String(value);

  if (state.ancestors.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH || ++state.nodes > MAX_NODES) return '[…]';
  state.ancestors.add(value);
  try {
    return walkObject(value, depth, state);
  } catch {
    return '[unreadable]';
  } finally {
    state.ancestors.delete(value);
  }
}

function walkObject(value: object, depth: number, state: Walk): unknown {
  if (value instanceof Error) return walkError(value, depth, state);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map) return walkEntries([...value], depth, state);
  if (Array.isArray(value) || value instanceof Set) return walkList([...value], depth, state);
  return walkEntries(Object.entries(value), depth, state);
}

function walkList(items: readonly unknown[], depth: number, state: Walk): unknown[] {
  const kept = items.slice(0, MAX_ENTRIES).map((item) => walk(item, depth + 1, state) ?? null);
  return items.length > MAX_ENTRIES ? [...kept, `[${items.length - MAX_ENTRIES} more]`] : kept;
}

function walkEntries(entries: readonly (readonly [unknown, unknown])[], depth: number, state: Walk): unknown {
  const kept: Record<string, unknown> = {};
  for (const [rawKey, entry] of entries.slice(0, MAX_ENTRIES)) {
    const key = redactText(String(rawKey));
    const hide = isSecretKey(key) && entry !== undefined && entry !== null && typeof entry !== 'boolean';
    const plain = hide ? HIDDEN : walk(entry, depth + 1, state);
    if (plain !== undefined) kept[key] = plain;
  }
  if (entries.length > MAX_ENTRIES) kept['…'] = `[${entries.length - MAX_ENTRIES} more]`;
  return kept;
}

function walkError(error: Error, depth: number, state: Walk): PlainError {
  const { code, details, cause } = error as Error & { code?: unknown; details?: unknown };
  const many = error instanceof AggregateError ? error.errors.slice(0, MAX_CAUSES) : undefined;
  return {
    name: error.name,
    message: redactText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(details === undefined ? {} : { details: walk(details, depth + 1, state) }),
    ...(cause === undefined || depth >= MAX_CAUSES ? {} : { cause: walk(cause, depth + 1, state) }),
    ...(many === undefined ? {} : { errors: many.map((each: unknown) => walk(each, depth + 1, state)) }),
  };
}
