import type { ListQuery, ListResult, PublicDocument } from '@ringdown/contracts';
import type { Answer } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';
import { MAX_PAGE_SIZE, MAX_UNPAGINATED_PAGES, parseListQuery } from '../crossbar/list-query';

/**
 * Answers a list: one page, or with `paginate=false` the first {@link MAX_UNPAGINATED_PAGES} of them, as large as they
 * come. Either way `next_start_key` is there when more follow.
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
  for (let pages = 0; pages < MAX_UNPAGINATED_PAGES; pages += 1) {
    const result = await page({
      ...query,
      page_size: MAX_PAGE_SIZE,
      ...(next === undefined ? {} : { start_key: next }),
    });
    docs.push(...result.docs);
    next = result.next_start_key;
    if (next === undefined) break;
  }
  return {
    data: docs,
    extra: { page_size: docs.length, ...(next === undefined ? {} : { next_start_key: next }) },
  };
}
