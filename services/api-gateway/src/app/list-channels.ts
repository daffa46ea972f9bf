import {
  MAX_PAGE_TOKEN,
  listChannels,
  type ChannelState,
  type ListChannelsRequest,
} from '@ringdown/contracts';
import { fieldError } from '@ringdown/http';
import type { ApiRequest } from '../front/request';
import { MAX_PAGE_SIZE, MAX_UNPAGINATED_PAGES, pagingOnly, parseListQuery } from '../crossbar/list-query';
import type { Rpc } from './rpc';

/** The most channels one answer holds; what is left is reached by `next_start_key`. */
export const MAX_LISTED_CHANNELS = MAX_PAGE_SIZE * MAX_UNPAGINATED_PAGES;

export interface ListedChannels {
  readonly channels: readonly ChannelState[];
  /** The place in the log of call events up to which the list is true; undefined when nobody was asked. */
  readonly offset?: number;
  /** `page_size`, `start_key`, `next_start_key`: when the client asked for a page, or the list was cut. */
  readonly position: Readonly<Record<string, unknown>>;
}

/**
 * Channels, oldest first: all of them up to {@link MAX_LISTED_CHANNELS}, as Kazoo's list has no pages, or with `page_size`
 * that many. Gathered page by page from the registry; a channel that two pages name is listed once.
 */
export async function gatherChannels(
  rpc: Rpc,
  filter: Pick<ListChannelsRequest, 'account_id' | 'owner_ids' | 'device_ids'>,
  request: ApiRequest,
): Promise<ListedChannels> {
  const { limit, startKey, isPaged } = pagingOf(request.query);
  const found = new Map<string, ChannelState>();
  let offset = Infinity;
  let next = startKey;
  for (let pages = 0; pages < MAX_UNPAGINATED_PAGES && found.size < limit; pages += 1) {
    const page = await rpc.ask(
      listChannels,
      {
        ...filter,
        ...(next === undefined ? {} : { after: next }),
        limit: Math.min(MAX_PAGE_SIZE, limit - found.size),
      },
      request,
    );
    for (const channel of page.channels) found.set(`${channel.account_id}\0${channel.call_id}`, channel);
    offset = Math.min(offset, page.offset);
    next = page.next;
    if (next === undefined) break;
  }
  const channels = [...found.values()];
  return {
    channels,
    offset,
    position: {
      ...(isPaged || next !== undefined ? { page_size: isPaged ? limit : channels.length } : {}),
      ...(startKey === undefined ? {} : { start_key: startKey }),
      ...(next === undefined ? {} : { next_start_key: next }),
    },
  };
}

function pagingOf(query: URLSearchParams): { limit: number; startKey: string | undefined; isPaged: boolean } {
  const { query: list } = parseListQuery(query, MAX_PAGE_TOKEN);
  const { page_size: pageSize, start_key: startKey, descending } = pagingOnly(list);
  if (descending === true) throw fieldError('descending', 'invalid', 'channels are listed oldest first');
  const isPaged = query.has('page_size');
  return { limit: isPaged ? (pageSize ?? MAX_PAGE_SIZE) : MAX_LISTED_CHANNELS, startKey, isPaged };
}
