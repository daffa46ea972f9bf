import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 250;
/** Long enough for a simulated call to be answered. */
const BRIDGED_WITHIN_MS = 15_000;
/** A system with calls shows one well before; one without is not waited for any longer. */
const ANY_WITHIN_MS = 5_000;

/**
 * The oldest call that is bridged and belongs to a user's device: people who have talked for long go on talking, and whoever
 * asks wants to try something on it. Undefined when there is none.
 * Ids that a shell would interpret are passed over: whoever may publish events can name a call as he likes.
 *
 * @param {readonly Record<string, unknown>[]} channels as REST lists them
 * @returns {{ uuid: string, deviceId: string, userId: string } | undefined}
 */
export function bridgedCallIn(channels) {
  const harmless = (id) => typeof id === 'string' && /^[\w.:@~-]+$/.test(id);
  const [oldest] = channels
    .filter(({ uuid, other_leg }) => harmless(uuid) && typeof other_leg === 'string' && other_leg !== '')
    .filter(({ authorizing_type }) => authorizing_type === 'device')
    .filter(({ authorizing_id, owner_id }) => harmless(authorizing_id) && harmless(owner_id))
    .sort((a, b) => a.timestamp - b.timestamp);
  if (oldest === undefined) return undefined;
  return { uuid: oldest.uuid, deviceId: oldest.authorizing_id, userId: oldest.owner_id };
}

/**
 * Waits a little for a call as {@link bridgedCallIn} wants it. Undefined when none comes, also where nobody keeps the
 * list of calls.
 *
 * @param {import('./api-client.mjs').ApiClient} client logged in
 */
export async function waitForBridgedCall(client) {
  const startedAt = performance.now();
  let seen = false;
  for (;;) {
    const response = await client.fetch('GET', `/v2/accounts/${client.accountId}/channels`);
    const channels = response.ok ? (await response.json()).data : [];
    const call = bridgedCallIn(channels);
    seen ||= channels.length > 0;
    const waited = performance.now() - startedAt;
    if (call !== undefined || waited > (seen ? BRIDGED_WITHIN_MS : ANY_WITHIN_MS)) return call;
    await pause(POLL_MS);
  }
}
