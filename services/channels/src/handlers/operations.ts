import { handle, type OperationHandler } from '@ringdown/broker';
import { commandChannel, getChannel, listChannels, snapshotChannels } from '@ringdown/contracts';
import type { Clock } from '@ringdown/core';
import type { CommandChannel } from '../app/command-channel';
import { requireChannel } from '../app/get-channel';
import { listChannelsOf } from '../app/list-channels';
import type { LogFollower } from '../app/log-follower';
import { snapshotOf } from '../app/snapshot-channels';
import type { ChannelRegistry } from '../domain/channel-registry';
import type { RecentIds } from '../domain/recent-ids';

export interface OperationParts {
  readonly registry: ChannelRegistry;
  readonly recent: RecentIds;
  readonly follower: LogFollower;
  readonly commands: CommandChannel;
  readonly clock: Clock;
}

/** One per operation of the contract. A replica that is behind refuses, also what reached it by its own name. */
export function channelOperations(parts: OperationParts): OperationHandler[] {
  const { registry, follower, commands, clock } = parts;
  return [
    handle(listChannels, async (request, { deadlineMs }) => {
      // Whoever takes a switch over tells what is missing from the list: it must not lack what was told a moment ago.
      if (request.switch !== undefined && request.after === undefined) {
        await follower.fence(Math.max(1, deadlineMs - clock()));
      }
      follower.requireCaughtUp();
      return listChannelsOf(registry, request, follower.offset);
    }),
    handle(getChannel, async ({ account_id, call_id }) => {
      follower.requireCaughtUp();
      return requireChannel(registry, account_id, call_id).toState();
    }),
    handle(commandChannel, async (request, context) => {
      follower.requireCaughtUp();
      return commands.run(request, context);
    }),
    handle(snapshotChannels, ({ account_id }, { deadlineMs }) =>
      snapshotOf(account_id, Math.max(1, deadlineMs - clock()), parts),
    ),
  ];
}
