import type { PageMetadata } from '@ringdown/contracts';
import { invalidField } from './errors';
import { isUuid } from './uuid';

export const DEFAULT_PAGE_SIZE = 20;
/** A page ends before its size when its messages are large. */
const MAX_PAGE_BYTES = 2 * 1024 * 1024;

/** Where a page starts and how long it is; a position is the id of a message. Errors: `validation_failed` (cursor). */
export function pageStart(request: {
  readonly cursor?: string | undefined;
  readonly page_size?: number | undefined;
}): { readonly from: string | undefined; readonly size: number } {
  const { cursor, page_size: size = DEFAULT_PAGE_SIZE } = request;
  if (cursor !== undefined && !isUuid(cursor)) {
    throw invalidField('cursor', 'invalid', 'Not a cursor of this list');
  }
  return { from: cursor, size };
}

/** One page, newest first: at most `size + 1` rows are given, the last one only to know that there are more. */
export interface FoundRows<Row> {
  readonly rows: readonly Row[];
  /** Positions before the first row, nearest first, at most `size`. */
  readonly before: readonly string[];
  readonly total: number;
}

export function pageOf<Row>(
  found: FoundRows<Row>,
  size: number,
  facts: { position(row: Row): string; bytes(row: Row): number },
): { readonly shown: readonly Row[]; readonly metadata: PageMetadata } {
  const shown: Row[] = [];
  let bytes = 0;
  for (const row of found.rows.slice(0, size)) {
    bytes += facts.bytes(row);
    if (shown.length > 0 && bytes > MAX_PAGE_BYTES) break;
    shown.push(row);
  }
  const next = found.rows[shown.length];
  return {
    shown,
    metadata: {
      previous_cursor: found.before.at(-1) ?? null,
      next_cursor: next === undefined ? null : facts.position(next),
      filtered_total: found.total,
      total: found.total,
    },
  };
}
