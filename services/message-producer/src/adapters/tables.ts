import type { DeliveryState, SenderType } from '@ringdown/contracts';
import type { OutboxTables } from '@ringdown/database';
import type { Kysely } from 'kysely';

/** Columns of jsonb take JSON text and give objects. Times: Unix milliseconds. */
interface ChannelRow {
  id: string;
  account_id: string;
  source: string;
  source_channel_id: string;
  name: string;
  image_url: string | null;
  connected: boolean;
  callback_url: string | null;
  token: string | null;
  secret: string | null;
  created_at: number;
}

interface ConversationRow {
  id: string;
  account_id: string;
  channel_id: string;
  created_at: number;
  metadata: string;
  /** Null only inside the transaction of the first message. */
  last_message_id: string | null;
  /** The read marker. */
  read_message_id: string | null;
  unread_count: number;
  unread_at: number;
}

interface ContactRow {
  conversation_id: string;
  channel_id: string;
  source_conversation_id: string;
  display_name: string | null;
  avatar_url: string | null;
}

interface MessageRow {
  id: string;
  conversation_id: string;
  content: string;
  delivery_state: DeliveryState;
  sender_type: SenderType;
  sender_id: string | null;
  source_message_id: string | null;
  sent_at: number;
  /** Of its delivery, as last known. */
  attempts: number;
  failure: string | null;
}

interface DeliveryRow {
  message_id: string;
  conversation_id: string;
  channel_id: string;
  attempts: number;
  due_at: number;
  lease: string | null;
  /** 0: nobody works on it. */
  lease_until: number;
}

interface TagRow {
  id: string;
  account_id: string;
  name: string;
  color: string;
  created_at: number;
}

interface ConversationTagRow {
  conversation_id: string;
  tag_id: string;
}

interface SessionRow {
  token_hash: string;
  account_id: string;
  channel_id: string;
  conversation_id: string;
  source_conversation_id: string;
  expires_at: number;
}

interface RequestRow {
  request_id: string;
  fingerprint: string;
  answer: string;
  created_at: number;
}

export interface MessagingTables extends OutboxTables {
  messaging_channels: ChannelRow;
  messaging_conversations: ConversationRow;
  messaging_contacts: ContactRow;
  messaging_messages: MessageRow;
  messaging_deliveries: DeliveryRow;
  messaging_tags: TagRow;
  messaging_conversation_tags: ConversationTagRow;
  messaging_sessions: SessionRow;
  messaging_requests: RequestRow;
}

/** The query builder over these tables: of the pool, or of one transaction. */
export type Queries = Kysely<MessagingTables>;
