import type { DeliveryState } from '@ringdown/contracts';
import type { RequestStore } from '@ringdown/database';
import type { Channel } from './domain/channel';
import type { ContactFacts, Conversation, ConversationDetail } from './domain/conversation';
import type { Message } from './domain/message';
import type { FoundRows } from './domain/page';
import type { Tag } from './domain/tag';

/** Channels. Those of other accounts are as good as unknown. */
export interface ChannelStore {
  /** Inserts unless it is there, says so, and in both cases holds the row until the transaction ends. */
  claim(channel: Channel, nowMs: number): Promise<{ readonly channel: Channel; readonly created: boolean }>;
  update(channel: Channel): Promise<void>;
  /** Errors: `not_found`. */
  get(accountId: string, id: string, options?: { lock?: boolean }): Promise<Channel>;
  /** Of whatever account: for those who name a channel only. */
  find(id: string): Promise<Channel | undefined>;
  /** Connected ones, by name. */
  list(accountId: string, source: string | undefined): Promise<readonly Channel[]>;
}

/** What the first message of a contact makes. */
export interface NewConversation {
  readonly id: string;
  readonly accountId: string;
  readonly channelId: string;
  readonly sourceConversationId: string;
  readonly contact: ContactFacts;
}

/** Conversations with their contacts. */
export interface ConversationStore {
  /** Makes conversation and contact unless they are there, and holds the conversation until the transaction ends. */
  claim(conversation: NewConversation, nowMs: number): Promise<Conversation>;
  /** The same for one that exists. Errors: `not_found`. */
  hold(accountId: string, id: string): Promise<Conversation>;
  update(conversation: Conversation): Promise<void>;
  updateContact(conversationId: string, contact: ContactFacts): Promise<void>;
  exists(accountId: string, id: string): Promise<boolean>;
  /** Errors: `not_found`. */
  get(accountId: string, id: string): Promise<ConversationDetail>;
  /** By last message, newest first, from the position on; positions are ids of last messages. */
  list(accountId: string, from: string | undefined, size: number): Promise<FoundRows<ConversationDetail>>;
}

export interface MessageStore {
  insert(message: Message): Promise<void>;
  setState(id: string, state: DeliveryState): Promise<void>;
  get(id: string): Promise<Message | undefined>;
  findBySourceId(conversationId: string, sourceMessageId: string): Promise<Message | undefined>;
  /** Newest first, from the position on. */
  list(conversationId: string, from: string | undefined, size: number): Promise<FoundRows<Message>>;
  /**
   * Forgets those up to `upTo` that are neither among the newest `keep` nor still to be delivered. The caller holds the
   * conversation.
   */
  forgetOld(conversationId: string, keep: number, upTo: string): Promise<void>;
}

/** One attempt to deliver, leased to one worker. */
export interface LeasedDelivery {
  readonly lease: string;
  readonly leasedUntil: number;
  /** This one included. */
  readonly attempt: number;
  readonly message: Message;
  readonly channel: Channel;
  /** The contact's id at the source. */
  readonly sourceConversationId: string;
}

/** What waits to be delivered, for all processes together. */
export interface DeliveryStore {
  add(message: Message, channelId: string, nowMs: number): Promise<void>;
  /**
   * Leases what is due: of each conversation only the oldest message, of each channel at most `perChannel`, none of
   * `busyChannels`.
   */
  lease(request: LeaseRequest): Promise<readonly LeasedDelivery[]>;
  /** Gives back what was leased under the name, unattempted. */
  release(lease: string): Promise<void>;
  /** False when the lease has passed to another worker. The delivery is over. */
  finish(messageId: string, lease: string, outcome: AttemptRecord): Promise<boolean>;
  /** False when the lease has passed to another worker. The delivery is tried again at `dueAt`; `attempts` are used up. */
  retry(messageId: string, lease: string, outcome: AttemptRecord, dueAt: number): Promise<boolean>;
  /** Errors: `not_found`. */
  status(accountId: string, messageId: string): Promise<AttemptRecord & { readonly state: DeliveryState }>;
  waiting(): Promise<number>;
}

export interface LeaseRequest {
  readonly lease: string;
  readonly nowMs: number;
  readonly untilMs: number;
  readonly limit: number;
  readonly perChannel: number;
  readonly busyChannels: readonly string[];
}

export interface AttemptRecord {
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly reason: string | undefined;
}

export interface TagStore {
  insert(tag: Tag, nowMs: number): Promise<void>;
  /** Errors: `not_found`. */
  update(accountId: string, id: string, change: Partial<Pick<Tag, 'name' | 'color'>>): Promise<Tag>;
  /** Errors: `not_found`. */
  delete(accountId: string, id: string): Promise<void>;
  /** By name. */
  list(accountId: string): Promise<readonly Tag[]>;
  /** The tag cannot be deleted before the transaction ends. Errors: `not_found`. */
  hold(accountId: string, id: string): Promise<void>;
  attach(conversationId: string, tagId: string): Promise<void>;
  detach(conversationId: string, tagId: string): Promise<void>;
}

/** A visitor of a chat plugin. */
export interface Session {
  readonly accountId: string;
  readonly channelId: string;
  readonly conversationId: string;
  readonly sourceConversationId: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** Sessions by the hash of their token. */
export interface SessionStore {
  insert(tokenHash: string, session: Session): Promise<void>;
  find(tokenHash: string, nowMs: number): Promise<Session | undefined>;
  /** Forgets at most `limit` that have expired and says how many. */
  forget(nowMs: number, limit: number): Promise<number>;
}

export type AccountState = 'enabled' | 'disabled' | 'deleted';

/** Accounts are another service's. */
export interface Accounts {
  /** As it is now. Errors: `unavailable`, whatever keeps it from being found out. */
  stateOf(accountId: string): Promise<AccountState>;
}

/** Every store, over the pool or over one transaction. */
export interface Stores {
  readonly channels: ChannelStore;
  readonly conversations: ConversationStore;
  readonly messages: MessageStore;
  readonly deliveries: DeliveryStore;
  readonly tags: TagStore;
  readonly sessions: SessionStore;
  /** By request id. */
  readonly requests: RequestStore;
}

/** A message as a source gets it. */
export interface CallbackRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `refused`: trying again is of no use. Reasons are for people and hold no secret. */
export type CallbackOutcome =
  { readonly kind: 'accepted' } | { readonly kind: 'refused' | 'failed'; readonly reason: string };

export interface Callback {
  /** Never rejects. */
  post(request: CallbackRequest, signal: AbortSignal): Promise<CallbackOutcome>;
}
