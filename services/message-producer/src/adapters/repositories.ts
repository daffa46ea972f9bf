import { enqueue, type Database } from '@ringdown/database';
import type { Stores, Transact } from '../ports';
import { ChannelRepository } from './channel-repository';
import { ConversationRepository } from './conversation-repository';
import { DeliveryRepository } from './delivery-repository';
import { MessageRepository } from './message-repository';
import { RequestRepository } from './request-repository';
import { SessionRepository } from './session-repository';
import type { MessagingTables, Queries } from './tables';
import { TagRepository } from './tag-repository';

/** Every repository over one query builder: the pool's, or a transaction's. */
export function repositoriesOver(db: Queries): Stores {
  return {
    channels: new ChannelRepository(db),
    conversations: new ConversationRepository(db),
    messages: new MessageRepository(db),
    deliveries: new DeliveryRepository(db),
    tags: new TagRepository(db),
    sessions: new SessionRepository(db),
    requests: new RequestRepository(db),
  };
}

/** Transactions over all repositories and the outbox. */
export function transactionsOf(database: Database): Transact {
  return (work) =>
    database
      .tables<MessagingTables>()
      .transaction()
      .execute((trx) =>
        work(repositoriesOver(trx), (entries, nowMs) => enqueue<MessagingTables>(trx, entries, nowMs)),
      );
}
