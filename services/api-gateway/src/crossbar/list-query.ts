import type { ListQuery } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { FaultDetail } from '@ringdown/http';
import { isStorable } from '../front/check-json';

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 1000;
/** The most pages one `paginate=false` answer holds; what is left is reached by `next_start_key`. */
export const MAX_UNPAGINATED_PAGES = 10;

const MAX_FILTERS = 20;
const MAX_TEXT = 1_024;

export interface ListRequest {
  readonly query: ListQuery;
  /** False: the client wants everything at once. */
  readonly paginate: boolean;
}

/**
 * Reads a list's query string. Unknown parameters are ignored, as Kazoo does; a known one with a bad value is named in
 * the error. Error: `validation_failed`, one entry per parameter.
 *
 * @param maxStartKey the longest `start_key` this list can have made
 */
export function parseListQuery(query: URLSearchParams, maxStartKey = MAX_TEXT): ListRequest {
  const reader = new Reader(query);
  const descending = reader.flag('descending');
  const ascending = reader.flag('ascending');
  const paginate = reader.flag('paginate') ?? true;
  const result: Record<string, unknown> = {
    page_size: reader.whole('page_size', 1, MAX_PAGE_SIZE) ?? (paginate ? DEFAULT_PAGE_SIZE : MAX_PAGE_SIZE),
    start_key: reader.text('start_key', maxStartKey),
    descending: descending ?? (ascending === undefined ? undefined : !ascending),
    filter: reader.filters('filter_', 'filter_not_'),
    filter_not: reader.filters('filter_not_'),
    has_key: reader.path('has_key'),
    key_missing: reader.path('key_missing'),
  };
  for (const name of ['created_from', 'created_to', 'modified_from', 'modified_to']) {
    result[name] = reader.whole(name, 0, Number.MAX_SAFE_INTEGER);
  }
  for (const name of ['has_value', 'value_missing']) reader.refuse(name);
  if (descending !== undefined && descending === ascending) {
    reader.fault('descending', 'invalid', 'ascending and descending contradict each other');
  }
  reader.finish();
  // JSON has no undefined; leaving the members out keeps what is sent equal to what was asked.
  return {
    query: Object.fromEntries(Object.entries(result).filter(([, value]) => value !== undefined)),
    paginate,
  };
}

const PAGING: ReadonlySet<string> = new Set(['page_size', 'start_key', 'descending']);

/** Refuses the filters of a list that has none: ignored, they would return too much without a word. */
export function pagingOnly(query: ListQuery): ListQuery {
  const filters = Object.keys(query).filter((name) => !PAGING.has(name));
  if (filters.length === 0) return query;
  const refused = { invalid: { message: 'this list cannot be filtered' } };
  throw new AppError('validation_failed', 'this list cannot be filtered', {
    details: Object.fromEntries(filters.map((name) => [name, refused])),
  });
}

class Reader {
  private readonly faults: Record<string, Record<string, FaultDetail>> = {};

  constructor(private readonly query: URLSearchParams) {}

  text(name: string, maxLength = MAX_TEXT): string | undefined {
    const values = this.query.getAll(name);
    if (values.length > 1) this.fault(name, 'invalid', `${name} is given more than once`);
    const value = values[0];
    if (value === undefined) return undefined;
    if (value.length > maxLength) {
      this.fault(name, 'maxLength', `${name} is longer than ${maxLength} characters`, maxLength);
    }
    if (!isStorable(value)) this.fault(name, 'invalid', `${name} holds characters that cannot be stored`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (value !== 'true' && value !== 'false')
      this.fault(name, 'type', `${name} must be true or false`, 'boolean');
    return value === 'true';
  }

  whole(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^-?\d{1,17}$/.test(value) ? Number(value) : NaN;
    if (Number.isNaN(number)) this.fault(name, 'type', `${name} must be a whole number`, 'integer');
    else if (number < min) this.fault(name, 'minimum', `${name} must be at least ${min}`, min);
    else if (number > max) this.fault(name, 'maximum', `${name} must be at most ${max}`, max);
    return number;
  }

  path(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined && !isPath(value)) this.fault(name, 'wrong_format', `${name} must name a member`);
    return value;
  }

  /** Every `{prefix}{path}=value`, except those of a longer prefix. */
  filters(prefix: string, except?: string): Record<string, string> | undefined {
    const names = new Set([...this.query.keys()].filter((name) => name.startsWith(prefix)));
    const found: Record<string, string> = {};
    for (const name of names) {
      if (except !== undefined && name.startsWith(except)) continue;
      const path = name.slice(prefix.length);
      if (!isPath(path)) this.fault(name.slice(0, 200), 'wrong_format', 'the filter must name a member');
      else found[path] = this.text(name) ?? '';
    }
    const count = Object.keys(found).length;
    if (count > MAX_FILTERS) this.fault(prefix, 'maxItems', `at most ${MAX_FILTERS} filters`, MAX_FILTERS);
    return count === 0 ? undefined : found;
  }

  /** A filter that is not applied would return too much without a word. */
  refuse(name: string): void {
    if (this.query.has(name)) this.fault(name, 'invalid', `${name} is not supported`);
  }

  fault(name: string, rule: string, message: string, target?: unknown): void {
    (this.faults[name] ??= {})[rule] = { message, ...(target === undefined ? {} : { target }) };
  }

  finish(): void {
    if (Object.keys(this.faults).length === 0) return;
    throw new AppError('validation_failed', 'the query string is not valid', { details: this.faults });
  }
}

/** A dotted path of at most 256 characters that cannot reach a prototype. */
function isPath(path: string): boolean {
  return path.length > 0 && path.length <= 256 && isStorable(path) && !path.split('.').includes('__proto__');
}
