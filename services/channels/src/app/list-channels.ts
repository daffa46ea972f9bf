import type { ChannelState, ListChannelsRequest, ListChannelsResult } from '@ringdown/contracts';
import type { Channel } from '../domain/channel';
import type { ChannelRegistry } from '../domain/channel-registry';
import { afterToken, tokenOf } from '../domain/page-token';
import { charactersOf } from '../domain/size';

const MAX_PAGE = 1_000;
/** A character takes at most six bytes in JSON; with this a page stays below the largest message. */
const MAX_PAGE_CHARACTERS = 2_500_000;

/** A page of live channels, from the present state. */
export function listChannelsOf(
  registry: ChannelRegistry,
  request: ListChannelsRequest,
  offset: number,
): ListChannelsResult {
  const limit = Math.min(request.limit ?? MAX_PAGE, MAX_PAGE);
  const isWanted = filterOf(request);
  const channels: ChannelState[] = [];
  let characters = 0;
  let last: Channel | undefined;
  let next: string | undefined;
  for (const channel of registry.list(request.account_id, afterToken(request.after))) {
    if (!isWanted(channel)) continue;
    const state = channel.toState();
    characters += charactersOf(state);
    if (last !== undefined && (channels.length === limit || characters > MAX_PAGE_CHARACTERS)) {
      next = tokenOf(last);
      break;
    }
    channels.push(state);
    last = channel;
  }
  const holder = request.switch === undefined ? undefined : registry.holderOf(request.switch);
  return {
    channels,
    offset,
    ...(next === undefined ? {} : { next }),
    ...(holder === undefined ? {} : { holder }),
  };
}

function filterOf(request: ListChannelsRequest): (channel: Channel) => boolean {
  const { switch: switchId } = request;
  const owners = new Set(request.owner_ids);
  const devices = new Set(request.device_ids);
  const anybody = request.owner_ids === undefined && request.device_ids === undefined;
  return ({ switchId: carrier, ownerId, deviceId }) =>
    (switchId === undefined || carrier === switchId) &&
    (anybody ||
      (ownerId !== undefined && owners.has(ownerId)) ||
      (deviceId !== undefined && devices.has(deviceId)));
}
