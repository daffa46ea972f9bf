import { fieldError } from '@ringdown/http';

const MAX_DEPTH = 64;

/**
 * Refuses what is valid JSON but cannot pass through the rest of the system unharmed: nesting deep enough to exhaust a
 * recursive reader's stack, members named `__proto__`, NUL characters and lone surrogates (PostgreSQL's jsonb has
 * neither), numbers beyond a double. Error: `validation_failed` naming the place. Does not recurse itself.
 */
export function checkJson(root: object): void {
  const open: { readonly value: object; readonly path: string; readonly depth: number }[] = [
    { value: root, path: '', depth: 1 },
  ];
  for (let current = open.pop(); current; current = open.pop()) {
    if (current.depth > MAX_DEPTH) {
      throw fieldError(fieldOf(current.path), 'invalid', `nested more than ${MAX_DEPTH} levels deep`);
    }
    for (const [key, value] of Object.entries(current.value)) {
      const path = current.path === '' ? key : `${current.path}.${key}`;
      if (key === '__proto__' || !isStorable(key)) {
        throw fieldError(fieldOf(current.path), 'invalid', 'a member name that cannot be stored');
      }
      if (typeof value === 'string' && !isStorable(value)) {
        throw fieldError(fieldOf(path), 'invalid', 'NUL characters and lone surrogates cannot be stored');
      }
      if (typeof value === 'number' && !Number.isFinite(value)) {
        throw fieldError(fieldOf(path), 'invalid', 'the number is too large');
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

/** Paths in answers are relative to the document, so without the leading `data`; and bounded. */
function fieldOf(path: string): string {
  const relative = path === 'data' ? '' : path.replace(/^data\./, '');
  return relative === '' ? 'data' : relative.slice(0, 200);
}
