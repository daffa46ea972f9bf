import type { Broker } from '@ringdown/broker';
import { listChannels, type ChannelState } from '@ringdown/contracts';
import { backoffMs, messageOf, pause, type Clock, type Logger } from '@ringdown/core';

/** A registry that answers nobody this long is taken to be away. */
const PATIENCE_MS = 10_000;
const REQUEST_TIMEOUT_MS = 2_000;
/** What a holder that died sent last may be on its way to the log still; the list contains all that got there. */
const SETTLE_MS = 250;

/**
 * What the registry believes of a switch. Asked again while nobody answers; then, or when the signal aborts, an empty
 * list: nothing can be reconciled, and calls that ended meanwhile are only ended by the snapshot that follows.
 */
export async function knownChannels(
  broker: Pick<Broker, 'request'>,
  switchId: string,
  ports: { readonly logger: Logger; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly ChannelState[]> {
  const { logger, clock, signal } = ports;
  const giveUpAt = clock() + PATIENCE_MS;
  await pause(SETTLE_MS, signal);
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await allPages(broker, switchId);
    } catch (error) {
      const wait = backoffMs(attempt, { initialMs: 200, maxMs: 1_000 });
      if (clock() + wait >= giveUpAt) {
        logger.warn('the registry of channels does not answer: nothing is known of earlier calls', {
          reason: messageOf(error),
        });
        return [];
      }
      await pause(wait, signal);
    }
  }
  return [];
}

async function allPages(broker: Pick<Broker, 'request'>, switchId: string): Promise<readonly ChannelState[]> {
  const channels = new Map<string, ChannelState>();
  for (let after: string | undefined; ;) {
    const page = await broker.request(
      listChannels,
      { switch: switchId, ...(after === undefined ? {} : { after }) },
      { timeoutMs: REQUEST_TIMEOUT_MS },
    );
    for (const channel of page.channels) {
      channels.set(JSON.stringify([channel.account_id ?? null, channel.call_id]), channel);
    }
    if (page.next === undefined || page.next === after) return [...channels.values()];
    after = page.next;
  }
}
