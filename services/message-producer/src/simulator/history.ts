import type { Writer } from '../app/writer';

/** Messages of a made-up conversation that are kept. */
const KEPT = 50;

/** Forgets all but the newest messages of a conversation, so that visitors who come back for weeks fill no disk. */
export async function trim(writer: Writer, accountId: string, conversationId: string): Promise<void> {
  await writer.run(async ({ stores: { conversations, messages } }) => {
    const { readMessageId } = await conversations.hold(accountId, conversationId);
    // What nobody has read yet counts as unread: it stays.
    if (readMessageId !== undefined) await messages.forgetOld(conversationId, KEPT, readMessageId);
  });
}
