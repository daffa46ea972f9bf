import { AppError } from '@ringdown/core';
import type { Channel } from '../domain/channel';
import type { ChannelRegistry } from '../domain/channel-registry';

/** Error: not_found, also for a call of another account. */
export function requireChannel(registry: ChannelRegistry, accountId: string, callId: string): Channel {
  const channel = registry.get(accountId, callId);
  if (channel === undefined) throw new AppError('not_found', `no live channel ${callId}`);
  return channel;
}
