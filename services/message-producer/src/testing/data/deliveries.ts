import { receiveSourceMessage, sendMessage } from '@ringdown/contracts';
import { waitUntil } from '@ringdown/testing';
import { repositoriesOver } from '../../adapters/repositories';
import type { MessagingTables } from '../../adapters/tables';
import type { DataFixture } from './fixture';

/** How processes share what is to be delivered. */
export function deliveries(suite: DataFixture): void {
  const { ask, connect, signed } = suite;

  it('leases a delivery to one worker at a time, the oldest of a conversation first, and to another one when time is up', async () => {
    const secret = 'a secret of our own';
    const { channel } = await connect({ secret });
    const stores = repositoriesOver(suite.database.tables<MessagingTables>());
    await waitUntil(async () => (await stores.deliveries.waiting()) === 0);
    await suite.h.service.components.find(({ name }) => name === 'deliveries')?.stop();
    const { conversation_id } = await ask(receiveSourceMessage, {
      source: 'twilio.sms',
      ...signed(secret, {
        channel_id: channel.id,
        source_conversation_id: 'x',
        message: { id: '1', content: 1 },
      }),
    });
    const send = (message: string) =>
      ask(sendMessage, { account_id: suite.account_id, conversation_id, message });
    const older = await send('older');
    const newer = await send('newer');
    const lease = (name: string, nowMs: number) =>
      stores.deliveries.lease({
        lease: name,
        nowMs,
        untilMs: nowMs + 1_000,
        limit: 10,
        perChannel: 10,
        busyChannels: [],
      });

    const [one, two] = await Promise.all([lease('one', suite.now), lease('two', suite.now)]);
    const held = [...one, ...two];
    expect(held.map(({ message, attempt }) => [message.id, attempt])).toEqual([[older.id, 1]]);
    const first = held[0]!.lease;
    expect(await lease('early', suite.now + 999)).toEqual([]);
    const taken = await lease('three', suite.now + 1_000);
    expect(taken.map(({ message, attempt }) => [message.id, attempt])).toEqual([[older.id, 2]]);
    expect(await stores.deliveries.finish(older.id, first, { attempts: 1, reason: undefined })).toBe(false);
    expect(await stores.deliveries.finish(older.id, 'three', { attempts: 2, reason: undefined })).toBe(true);
    const next = await lease('four', suite.now);
    expect(next.map(({ message }) => message.id)).toEqual([newer.id]);
    await stores.deliveries.finish(newer.id, 'four', { attempts: 1, reason: undefined });
    expect(await stores.deliveries.waiting()).toBe(0);
  });
}
