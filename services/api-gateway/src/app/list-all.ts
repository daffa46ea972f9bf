import type { ListQuery, ListResult, PublicDocument } from '@ringdown/contracts';
import type { Answer, AuthenticatedRequest } from '../crossbar/endpoint';
import { MAX_PAGE_SIZE, MAX_UNPAGINATED, parseListQuery } from '../crossbar/list-query';

/**
 * Answers a list: one page, or with `paginate=false` all pages up to {@link MAX_UNPAGINATED} documents. Either way
 * `next_start_key` is there when more follow.
 */
export async function listAll(
  request: AuthenticatedRequest,
  page: (query: ListQuery) => Promise<ListResult>,
): Promise<Answer> {
  const { query, paginate } = parseListQuery(request.query);
  if (paginate) {
    const { docs, ...position } = await page(query);
    return { data: docs, extra: position };
  }
  const docs: PublicDocument[] = [];
  let next = query.start_key;
  do {
    const pageSize = Math.min(MAX_PAGE_SIZE, MAX_UNPAGINATED - docs.length);
    const result = await page({
      ...query,
      page_size: pageSize,
      ...(next === undefined ? {} : { start_key: next }),
    });
    docs.push(...result.docs);
    next = result.next_start_key;
  } while (next !== undefined && docs.length < MAX_UNPAGINATED);
  return {
    data: docs,
    extra: { page_size: docs.length, ...(next === undefined ? {} : { next_start_key: next }) },
  };
}
