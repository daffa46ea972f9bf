import { getDocument, listDocuments, type PublicDocument } from '@ringdown/contracts';
import { isAppError } from '@ringdown/core';
import type { ApiRequest } from '../front/request';
import { MAX_PAGE_SIZE, MAX_UNPAGINATED_PAGES } from '../crossbar/list-query';
import type { Rpc } from './rpc';

const MAX_GROUPS = 50;
/** What one question to the registry may name. */
const MAX_OWNERS = 10_000;
const MAX_ID_LENGTH = 128;

/** Whose channels are meant. */
export interface ChannelOwners {
  readonly userIds: readonly string[];
  readonly deviceIds: readonly string[];
  /** Nested groups that were not looked into. */
  readonly missing: readonly string[];
}

/** Finds the devices and users whose channels belong to a document. Errors: `not_found` (the document), `unavailable`. */
export class ChannelOwnerFinder {
  constructor(private readonly rpc: Rpc) {}

  /** The user and the devices it owns. */
  async ofUser(accountId: string, id: string, request: ApiRequest): Promise<ChannelOwners> {
    await this.read(accountId, 'user', id, request);
    return { userIds: [id], deviceIds: await this.devicesOf(accountId, [id], request), missing: [] };
  }

  async ofDevice(accountId: string, id: string, request: ApiRequest): Promise<ChannelOwners> {
    await this.read(accountId, 'device', id, request);
    return { userIds: [], deviceIds: [id], missing: [] };
  }

  /** The members of a group and of the groups in it, each looked into once; a member that is gone is left out. */
  async ofGroup(accountId: string, id: string, request: ApiRequest): Promise<ChannelOwners> {
    const members = { user: new Set<string>(), device: new Set<string>(), group: new Set([id]) };
    const missing: string[] = [];
    let looked = 0;
    // A set is walked in the order of insertion, also over what is added on the way.
    for (const groupId of members.group) {
      if (looked >= MAX_GROUPS) {
        missing.push(groupId);
        continue;
      }
      looked += 1;
      const group =
        groupId === id ? this.read(accountId, 'group', id, request) : this.find(accountId, groupId, request);
      for (const [type, memberId] of endpointsOf(await group)) members[type].add(memberId);
    }
    const userIds = [...members.user].slice(0, MAX_OWNERS);
    const owned = await this.devicesOf(accountId, userIds, request);
    const deviceIds = [...new Set([...members.device, ...owned])].slice(0, MAX_OWNERS);
    return { userIds, deviceIds, missing };
  }

  private async read(
    accountId: string,
    type: string,
    id: string,
    request: ApiRequest,
  ): Promise<PublicDocument> {
    return (await this.rpc.ask(getDocument, { account_id: accountId, type, id }, request)).doc;
  }

  private async find(
    accountId: string,
    id: string,
    request: ApiRequest,
  ): Promise<PublicDocument | undefined> {
    try {
      return await this.read(accountId, 'group', id, request);
    } catch (error) {
      if (isAppError(error) && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  private async devicesOf(
    accountId: string,
    userIds: readonly string[],
    request: ApiRequest,
  ): Promise<string[]> {
    if (userIds.length === 0) return [];
    const owners = new Set(userIds);
    const filter = userIds.length === 1 ? { filter: { owner_id: userIds[0]! } } : {};
    const devices: string[] = [];
    let next: string | undefined;
    for (let pages = 0; pages < MAX_UNPAGINATED_PAGES; pages += 1) {
      const position = next === undefined ? {} : { start_key: next };
      const query = { page_size: MAX_PAGE_SIZE, ...filter, ...position };
      const page = await this.rpc.ask(
        listDocuments,
        { account_id: accountId, type: 'device', query },
        request,
      );
      for (const device of page.docs) if (owners.has(String(device['owner_id']))) devices.push(device.id);
      next = page.next_start_key;
      if (next === undefined) break;
    }
    return devices;
  }
}

/** Members of a group as its document lists them; what is not understood is skipped. */
function endpointsOf(group: PublicDocument | undefined): ['user' | 'device' | 'group', string][] {
  const endpoints: unknown = group?.['endpoints'];
  if (typeof endpoints !== 'object' || endpoints === null) return [];
  return Object.entries(endpoints).flatMap(([id, facts]): ['user' | 'device' | 'group', string][] => {
    const type = (facts as { readonly type?: unknown } | null)?.type;
    const isKnown = type === 'user' || type === 'device' || type === 'group';
    return isKnown && id.length > 0 && id.length <= MAX_ID_LENGTH ? [[type, id]] : [];
  });
}
