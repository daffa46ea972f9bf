import type { ChannelsSnapshot } from '@ringdown/contracts';
import { AppError, type Clock } from '@ringdown/core';
import type { ChannelRegistry } from '../domain/channel-registry';
import type { RecentIds } from '../domain/recent-ids';
import type { LogFollower } from './log-follower';

export const MAX_SNAPSHOT_CHANNELS = 5_000;
const ALL_ACCOUNTS = '*';

/** The state of an account behind a fence made now. */
export async function snapshotOf(
  accountId: string,
  timeoutMs: number,
  parts: {
    readonly follower: Pick<LogFollower, 'fence' | 'offset'>;
    readonly registry: ChannelRegistry;
    readonly recent: RecentIds;
    readonly clock: Clock;
  },
): Promise<ChannelsSnapshot> {
  const { follower, registry, recent, clock } = parts;
  await follower.fence(timeoutMs);
  // From here on nothing else runs: channels, offset and ids are of one moment.
  const account = accountId === ALL_ACCOUNTS ? undefined : accountId;
  const count = registry.count(account);
  if (count > MAX_SNAPSHOT_CHANNELS) {
    throw new AppError(
      'too_large',
      `${count} live channels, more than the ${MAX_SNAPSHOT_CHANNELS} of one answer`,
    );
  }
  const { messageIds, windowMs } = recent.of(accountId, clock());
  return {
    channels: Array.from(
      registry.list(account, () => true),
      (channel) => channel.toState(),
    ),
    offset: follower.offset,
    contained: messageIds,
    window_ms: windowMs,
  };
}
