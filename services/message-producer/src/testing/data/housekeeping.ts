import { describeVisitor } from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { repositoriesOver } from '../../adapters/repositories';
import type { MessagingTables } from '../../adapters/tables';
import { Harness } from '../harness';
import type { DataFixture } from './fixture';

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is kept for a time. */
export function housekeeping(suite: DataFixture): void {
  const { ask, connect, visit } = suite;

  it('forgets answers after a day and visitors after their time', async () => {
    const { token, session } = await visit();
    const stores = repositoriesOver(suite.database.tables<MessagingTables>());
    const requestId = newId();
    await connect({}, requestId);
    const remembered = () => stores.requests.find([requestId], suite.now);
    /** Another process, at that time, has swept once: a visitor who had just expired then is gone. */
    const sweepAt = async (ms: number) => {
      const { account_id: accountId, channel_id: channelId, conversation_id: conversationId } = session;
      const marker = newId();
      await stores.sessions.insert(marker, {
        accountId,
        channelId,
        conversationId,
        sourceConversationId: 'x',
        expiresAt: ms,
      });
      const process = await Harness.start(suite.database, { clock: () => ms });
      await waitUntil(async () => (await stores.sessions.find(marker, 0)) === undefined);
      await process.stop();
    };

    await sweepAt(suite.now + 3_599_000);
    expect(await remembered()).toBeDefined();
    await ask(describeVisitor, { token });
    await sweepAt(suite.now + DAY_MS);

    expect(await remembered()).toBeUndefined();
    await expect(ask(describeVisitor, { token })).rejects.toMatchObject({ code: 'unauthorized' });
  });
}
