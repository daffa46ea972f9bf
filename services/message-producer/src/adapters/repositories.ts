import { RequestRepository, transactionsOf, type Database, type Transact } from '@ringdown/database';
import type { Stores } from '../ports';
import { ChannelRepository } from './channel-repository';
import { ConversationRepository } from './conversation-repository';
import { DeliveryRepository } from './delivery-repository';
import { MessageRepository } from './message-repository';
import { SessionRepository } from './session-repository';
import type { Queries } from './tables';
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
    requests: new RequestRepository(db, { table: 'messaging_requests', key: 'request_id' }),
  };
}

/** Transactions over all repositories and the outbox. */
export function transactions(database: Database): Transact<Stores> {
  return transactionsOf(database, repositoriesOver);
}
