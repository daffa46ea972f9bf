import { MAX_FLOW_DEPTH } from '@ringdown/contracts';
import { fieldError } from '@ringdown/http';
import { faultPath } from '../schemas/schema-catalogue';

/** Nodes of one flow. */
export const MAX_FLOW_NODES = 100;
const MAX_CHILDREN = 16;
const MAX_KEY_LENGTH = 64;

/**
 * Refuses a flow that is too deep or too large before anything recurses into it. Does not recurse itself, and says
 * nothing about shapes. Error: `validation_failed`.
 */
export function boundFlow(root: unknown): void {
  const open: { readonly node: unknown; readonly path: readonly string[]; readonly depth: number }[] = [
    { node: root, path: [], depth: 1 },
  ];
  let nodes = 0;
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    const { node, path, depth } = current;
    nodes += 1;
    if (nodes > MAX_FLOW_NODES) {
      throw fieldError('data', 'maxItems', `more than ${MAX_FLOW_NODES} nodes`, { target: MAX_FLOW_NODES });
    }
    if (depth > MAX_FLOW_DEPTH) {
      throw tooMuch(path, 'maxDepth', `nested more than ${MAX_FLOW_DEPTH} levels deep`, MAX_FLOW_DEPTH);
    }
    const children = (node as { readonly children?: unknown } | null)?.children;
    if (typeof children !== 'object' || children === null) continue;
    const place = [...path, 'children'];
    const entries = Object.entries(children);
    if (entries.length > MAX_CHILDREN) {
      throw tooMuch(place, 'maxProperties', `more than ${MAX_CHILDREN} children`, MAX_CHILDREN);
    }
    for (const [digit, child] of entries) {
      if (digit.length === 0 || digit.length > MAX_KEY_LENGTH) {
        throw tooMuch(
          place,
          'maxLength',
          `a name must have 1 to ${MAX_KEY_LENGTH} characters`,
          MAX_KEY_LENGTH,
        );
      }
      open.push({ node: child, path: [...place, digit], depth: depth + 1 });
    }
  }
}

function tooMuch(path: readonly string[], rule: string, message: string, target: number): Error {
  return fieldError(faultPath(path), rule, message, { target });
}
