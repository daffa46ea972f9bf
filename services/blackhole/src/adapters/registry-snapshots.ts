import { isAppError, messageOf } from '@ringdown/core';
import type { Broker } from '@ringdown/broker';
import { snapshotChannels } from '@ringdown/contracts';
import type { SnapshotSource } from '../core/account-snapshots';
import { unavailable } from '../core/event-hold';
import { tooLarge } from '../core/snapshots';

/** Snapshots of the channel registry. Errors: `unavailable`, whatever the registry or the way to it suffers from, and `too_large`. */
export function registrySnapshots(broker: Pick<Broker, 'request'>, timeoutMs: number): SnapshotSource {
  return async (accountId) => {
    try {
      const answer = await broker.request(snapshotChannels, { account_id: accountId }, { timeoutMs });
      return {
        channels: answer.channels,
        offset: answer.offset,
        contained: new Set(answer.contained),
        windowMs: answer.window_ms,
      };
    } catch (error) {
      if (isAppError(error) && error.code === 'too_large') throw tooLarge(error);
      throw unavailable(messageOf(error), error);
    }
  };
}
