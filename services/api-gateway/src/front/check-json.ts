import { fieldError } from '@ringdown/http';

const MAX_DEPTH = 64;

/** How a dialect calls a place in a body, which is given as a dotted path; empty for the whole. */
export type NamePlace = (path: string) => string;

export const wholeBody: NamePlace = (path) => (path === '' ? 'body' : path);

/**
 * Refuses what is valid JSON but cannot pass through the rest of the system unharmed: nesting deep enough to exhaust a
 * recursive reader's stack, members named `__proto__`, NUL characters and lone surrogates (PostgreSQL's jsonb has
 * neither), numbers beyond a double. Error: `validation_failed` naming the place. Does not recurse itself.
 */
export function checkJson(root: object, namePlace: NamePlace = wholeBody): void {
  const open: { readonly value: object; readonly path: string; readonly depth: number }[] = [
    { value: root, path: '', depth: 1 },
  ];
  for (let current = open.pop(); current; current = open.pop()) {
    if (current.depth > MAX_DEPTH) {
      throw fieldError(
        bounded(namePlace, current.path),
        'invalid',
        `nested more than ${MAX_DEPTH} levels deep`,
      );
    }
    for (const [key, value] of Object.entries(current.value)) {
      const path = current.path === '' ? key : `${current.path}.${key}`;
      if (key === '__proto__' || !isStorable(key)) {
        throw fieldError(bounded(namePlace, current.path), 'invalid', 'a member name that cannot be stored');
      }
      if (typeof value === 'string' && !isStorable(value)) {
        throw fieldError(
          bounded(namePlace, path),
          'invalid',
          'NUL characters and lone surrogates cannot be stored',
        );
      }
      if (typeof value === 'number' && !Number.isFinite(value)) {
        throw fieldError(bounded(namePlace, path), 'invalid', 'the number is too large');
      }
      if (typeof value === 'object' && value !== null) {
        open.push({ value: value as object, path, depth: current.depth + 1 });
      }
    }
  }
}

/** Text without NUL and lone surrogates. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** The place of a fault, as an answer names it. */
function bounded(namePlace: NamePlace, path: string): string {
  return namePlace(path).slice(0, 200);
}
