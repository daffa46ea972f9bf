import type { EndpointList, EndpointPage } from '@ringdown/contracts';
import type { Stores } from '../ports';

/** An endpoint takes some hundred bytes, and an answer travels in one message. */
const MAX_PAGE_SIZE = 1_000;

/** Devices that can register with a switch, by device id: of all accounts, or of one. */
export class ListEndpoints {
  constructor(private readonly stores: Stores) {}

  async run({
    account_id: accountId,
    after,
    limit = MAX_PAGE_SIZE,
  }: EndpointPage & { readonly account_id?: string }): Promise<EndpointList> {
    // One more than asked for: it says that there are more.
    const found = await this.stores.endpoints.list({ accountId, after, limit: limit + 1 });
    const endpoints = found.slice(0, limit);
    const last = endpoints.at(-1);
    return { endpoints, ...(found.length > limit && last ? { next: last.device_id } : {}) };
  }
}
