import Joi from 'joi';
import { defineOperation } from './operation';

/** Where channels, conversations and messages live. */
export const MESSAGE_PRODUCER = 'message-producer';

/** The source whose contacts are visitors of a web page, connected to this system itself. */
export const CHAT_PLUGIN = 'chat_plugin';

/** In bytes of its JSON text; an event must hold it twice escaped. */
export const MAX_MESSAGE_CONTENT_BYTES = 65_536;

export const deliveryStates = ['PENDING', 'FAILED', 'DELIVERED'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** `source_contact`: the customer; `source_user`: the business, past this system; `app_user`: through this system. */
export const senderTypes = ['source_contact', 'source_user', 'app_user'] as const;
export type SenderType = (typeof senderTypes)[number];

/** A place where contacts write, for example a page or a telephone number. Never shows its secret or token. */
export interface MessagingChannel {
  /** Of account, source and source_channel_id: who connects again gets the same. */
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly source_channel_id: string;
  readonly image_url?: string;
  readonly connected: boolean;
}

export interface MessagingMessage {
  /** UUID, in the order of the conversation. */
  readonly id: string;
  /** The payload of the source, as JSON text. */
  readonly content: string;
  readonly delivery_state: DeliveryState;
  readonly sender_type: SenderType;
  /** UTC, `yyyy-MM-dd'T'HH:mm:ss.SSSZ`. */
  readonly sent_at: string;
}

export interface MessagingConversation {
  readonly id: string;
  /** UTC, like `sent_at`. */
  readonly created_at: string;
  readonly channel: { readonly id: string; readonly name: string; readonly source: string };
  /** Ids. */
  readonly tags: readonly string[];
  readonly contact: {
    readonly display_name: string;
    readonly avatar_url: string | null;
    readonly info: Readonly<Record<string, unknown>>;
  };
  /** What `metadata.set` left here, nested by the dots of its keys. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly last_message: MessagingMessage;
  readonly unread_message_count: number;
}

export interface MessagingTag {
  readonly id: string;
  readonly name: string;
  readonly color: string;
}

/** The place of a page. A cursor is opaque, null at the ends. */
export interface PageMetadata {
  readonly previous_cursor: string | null;
  readonly next_cursor: string | null;
  readonly filtered_total: number;
  readonly total: number;
}

export interface MessagingPage<T> {
  readonly data: readonly T[];
  readonly response_metadata: PageMetadata;
}

export interface PageRequest {
  /** `previous_cursor` or `next_cursor` of another page. Errors: validation_failed for anything else. */
  readonly cursor?: string | undefined;
  /** Default 20, at most 100. A page of large messages ends earlier; its `next_cursor` goes on from there. */
  readonly page_size?: number | undefined;
}

interface OfAccount {
  readonly account_id: string;
}
interface OfConversation extends OfAccount {
  readonly conversation_id: string;
}

/** A message on its way, under its conversation and channel: exactly the payload of the event. */
export interface MessageEnvelope {
  readonly conversation_id: string;
  readonly channel_id: string;
  readonly message: MessagingMessage;
}

const id = Joi.string().min(1).max(128);
const label = Joi.string().trim().min(1).max(256);
const url = Joi.string()
  .uri({ scheme: ['http', 'https'] })
  .max(2048);
const ofAccount = { account_id: id.required() };
const ofConversation = { ...ofAccount, conversation_id: id.required() };
const page = { cursor: Joi.string().max(128), page_size: Joi.number().integer().min(1).max(100) };
/** Any JSON but null; its size is checked by the service. */
const content = Joi.any().invalid(null).required();
const sourceName = Joi.string()
  .max(64)
  .pattern(/^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/);

/** Connected channels, by name. */
export const listMessagingChannels = defineOperation<
  OfAccount & { readonly source?: string | undefined },
  { readonly data: readonly MessagingChannel[] }
>(MESSAGE_PRODUCER, 'channels.list', Joi.object({ ...ofAccount, source: sourceName }));

export interface ConnectChannelRequest extends OfAccount {
  /** `chat_plugin`, `facebook`, `google`, `twilio.sms`, `twilio.whatsapp`, or any other name. */
  readonly source: string;
  /** Page id, telephone number, site name. */
  readonly source_channel_id: string;
  /** Default: the source_channel_id. */
  readonly name?: string | undefined;
  readonly image_url?: string | undefined;
  /** Where `messages.send` is delivered. A later connect without it keeps it. Not for `chat_plugin`. */
  readonly callback_url?: string | undefined;
  /** Goes with every delivery as `Authorization: Bearer`. A later connect without it keeps it. */
  readonly token?: string | undefined;
  /** Signs what comes in and goes out. Default: one is made at the first connect. A later connect without it keeps it. */
  readonly secret?: string | undefined;
}

/**
 * Connects a channel or changes a known one: same id, same event. `secret` is in the answer exactly when this request
 * made one: it is shown here and never again.
 */
export const connectMessagingChannel = defineOperation<
  ConnectChannelRequest,
  { readonly channel: MessagingChannel; readonly secret?: string }
>(
  MESSAGE_PRODUCER,
  'channels.connect',
  Joi.object({
    ...ofAccount,
    source: sourceName.required(),
    source_channel_id: label.required(),
    name: label,
    image_url: url,
    callback_url: url,
    token: Joi.string()
      .max(4096)
      .pattern(/^[\x21-\x7e]+$/),
    secret: Joi.string().min(16).max(256),
  }),
  { writes: true },
);

/** `already`: it was not connected, nothing was announced. With `source`, it must be of that source. Errors: not_found. */
export const disconnectMessagingChannel = defineOperation<
  OfAccount & { readonly channel_id: string; readonly source?: string | undefined },
  { readonly already: boolean }
>(
  MESSAGE_PRODUCER,
  'channels.disconnect',
  Joi.object({ ...ofAccount, channel_id: id.required(), source: sourceName }),
  { writes: true },
);

/** Newest last message first. */
export const listConversations = defineOperation<
  OfAccount & PageRequest,
  MessagingPage<MessagingConversation>
>(MESSAGE_PRODUCER, 'conversations.list', Joi.object({ ...ofAccount, ...page }));

/** Errors: not_found. */
export const getConversation = defineOperation<OfConversation, MessagingConversation>(
  MESSAGE_PRODUCER,
  'conversations.info',
  Joi.object(ofConversation),
);

/** Everything so far is read; announces the unread count 0. Errors: not_found. */
export const readConversation = defineOperation<OfConversation, Record<string, never>>(
  MESSAGE_PRODUCER,
  'conversations.read',
  Joi.object(ofConversation),
  { writes: true },
);

/** Newest first. Errors: not_found. */
export const listMessages = defineOperation<OfConversation & PageRequest, MessagingPage<MessagingMessage>>(
  MESSAGE_PRODUCER,
  'messages.list',
  Joi.object({ ...ofConversation, ...page }),
);

/**
 * Takes a message for delivery: the answer is PENDING, `message` events tell the rest. `message` is any JSON and goes to
 * the source unchanged. Errors: not_found; forbidden (channel disconnected); too_large.
 */
export const sendMessage = defineOperation<
  OfConversation & { readonly message: unknown; readonly user_id?: string | undefined },
  MessagingMessage
>(MESSAGE_PRODUCER, 'messages.send', Joi.object({ ...ofConversation, message: content, user_id: id }), {
  writes: true,
});

/** How the delivery of a message stands; `reason` is that of the last failed attempt. Errors: not_found. */
export const getDelivery = defineOperation<
  OfAccount & { readonly message_id: string },
  {
    readonly message_id: string;
    readonly delivery_state: DeliveryState;
    readonly attempts: number;
    readonly reason?: string;
  }
>(MESSAGE_PRODUCER, 'messages.delivery', Joi.object({ ...ofAccount, message_id: id.required() }));

/** Kept as it is: the text `1` is no number. */
const metadataValue = Joi.alternatives(Joi.string().allow('').max(4096), Joi.number(), Joi.boolean())
  .prefs({ convert: false })
  .required();

const metadataKey = Joi.string()
  .max(256)
  .pattern(/^(?!(?:.*\.)?__proto__(?:\.|$))[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,7}$/)
  .required();

export interface SetMetadataRequest extends OfConversation {
  readonly key: string;
  readonly value: string | number | boolean;
}

/**
 * Sets a key; its dots are levels. `contact.display_name` and `contact.avatar_url` show in the conversation's contact,
 * other keys under `contact.` in its `info`. Errors: not_found; validation_failed (over 100 keys).
 */
export const setMetadata = defineOperation<SetMetadataRequest, Record<string, never>>(
  MESSAGE_PRODUCER,
  'metadata.set',
  Joi.object<SetMetadataRequest>({ ...ofConversation, key: metadataKey, value: metadataValue }),
  { writes: true },
);

/** Removes a key with everything below it; one that is not there, too. Errors: not_found (conversation). */
export const removeMetadata = defineOperation<
  OfConversation & { readonly key: string },
  Record<string, never>
>(MESSAGE_PRODUCER, 'metadata.remove', Joi.object({ ...ofConversation, key: metadataKey }), { writes: true });

const color = Joi.string()
  .max(32)
  .pattern(/^[A-Za-z0-9_#-]+$/);

export const createTag = defineOperation<
  OfAccount & { readonly name: string; readonly color: string },
  MessagingTag
>(
  MESSAGE_PRODUCER,
  'tags.create',
  Joi.object({ ...ofAccount, name: label.required(), color: color.required() }),
  {
    writes: true,
  },
);

/** By name. */
export const listTags = defineOperation<OfAccount, { readonly tags: readonly MessagingTag[] }>(
  MESSAGE_PRODUCER,
  'tags.list',
  Joi.object(ofAccount),
);

/** Errors: not_found. */
export const updateTag = defineOperation<
  OfAccount & {
    readonly id: string;
    readonly name?: string | undefined;
    readonly color?: string | undefined;
  },
  MessagingTag
>(MESSAGE_PRODUCER, 'tags.update', Joi.object({ ...ofAccount, id: id.required(), name: label, color }), {
  writes: true,
});

/** Takes it off every conversation, too. Errors: not_found. */
export const deleteTag = defineOperation<OfAccount & { readonly id: string }, Record<string, never>>(
  MESSAGE_PRODUCER,
  'tags.delete',
  Joi.object({ ...ofAccount, id: id.required() }),
  { writes: true },
);

/** Twice is once. Errors: not_found (conversation, tag). */
export const tagConversation = defineOperation<
  OfConversation & { readonly tag_id: string },
  Record<string, never>
>(MESSAGE_PRODUCER, 'conversations.tag', Joi.object({ ...ofConversation, tag_id: id.required() }), {
  writes: true,
});

/** One that is not there is no error. Errors: not_found (conversation, tag). */
export const untagConversation = defineOperation<
  OfConversation & { readonly tag_id: string },
  Record<string, never>
>(MESSAGE_PRODUCER, 'conversations.untag', Joi.object({ ...ofConversation, tag_id: id.required() }), {
  writes: true,
});

/** What a visitor's token stands for: one conversation, which exists from its first message on. */
export interface VisitorSession {
  readonly account_id: string;
  readonly channel_id: string;
  readonly conversation_id: string;
  /** Unix milliseconds. */
  readonly expires_at: number;
}

/**
 * Visitors and sources are recognised here, so it is here, too, that their requests fail when the account of their channel
 * is disabled (`locked`) or deleted (as if it had never been: `not_found` for the channel, else `unauthorized`), or when
 * that cannot be found out (`unavailable`). This holds for all operations below.
 *
 * A visitor of a page with a chat plugin comes, or comes back with the token it had. The channel's id is public and says
 * the account. The token is opaque: it opens this conversation and nothing else. `messages` are the newest, newest first.
 * Errors: not_found (channel unknown, of another source or disconnected); unauthorized (token unknown, expired or of
 * another channel).
 */
export const authenticateVisitor = defineOperation<
  { readonly channel_id: string; readonly resume_token?: string | undefined },
  { readonly token: string; readonly session: VisitorSession; readonly messages: readonly MessagingMessage[] }
>(
  MESSAGE_PRODUCER,
  'chat_plugin.authenticate',
  Joi.object({ channel_id: id.required(), resume_token: Joi.string().max(256) }),
  { writes: true },
);

/** What a visitor's token stands for, now. Errors: unauthorized; forbidden (channel disconnected). */
export const describeVisitor = defineOperation<{ readonly token: string }, VisitorSession>(
  MESSAGE_PRODUCER,
  'chat_plugin.session',
  Joi.object({ token: Joi.string().max(256).required() }),
);

/** A visitor's message. Errors: unauthorized; forbidden (channel disconnected); too_large. */
export const sendAsVisitor = defineOperation<
  { readonly token: string; readonly message: unknown },
  MessageEnvelope
>(
  MESSAGE_PRODUCER,
  'chat_plugin.send',
  Joi.object({ token: Joi.string().max(256).required(), message: content }),
  { writes: true },
);

/** The body of a message from a source. */
export interface SourceMessage {
  readonly channel_id: string;
  /** Of the contact at its source; one conversation each. */
  readonly source_conversation_id: string;
  readonly sender_type?: Exclude<SenderType, 'app_user'>;
  readonly contact?: { readonly display_name?: string; readonly avatar_url?: string };
  readonly message: {
    /** Of the message at its source; twice is once. */
    readonly id: string;
    /** Any JSON. */
    readonly content: unknown;
    /** ISO 8601; default: now. */
    readonly sent_at?: string;
  };
}

/** Unknown members pass. */
export const sourceMessageSchema = Joi.object<SourceMessage>({
  channel_id: id.required(),
  source_conversation_id: Joi.string().min(1).max(256).required(),
  sender_type: Joi.string().valid('source_contact', 'source_user'),
  contact: Joi.object({ display_name: Joi.string().max(256), avatar_url: url }).unknown(true),
  message: Joi.object({
    id: Joi.string().min(1).max(256).required(),
    content,
    sent_at: Joi.string().isoDate().max(64),
  })
    .unknown(true)
    .required(),
})
  .unknown(true)
  .prefs({ convert: false });

/** How old a signed request may be, either way. */
export const SIGNATURE_WINDOW_S = 300;

export interface SourceMessageRequest {
  /** From the path; the channel must be of it. */
  readonly source: string;
  /** Unix seconds, as sent. */
  readonly timestamp: string;
  /** Hex of HMAC-SHA256 with the channel's secret over `{timestamp}.{body}`, as sent; `sha256=` in front is allowed. */
  readonly signature: string;
  /** The body as it came, decoded as UTF-8 (refuse one that is not): a {@link SourceMessage}. */
  readonly body: string;
}

/**
 * A message from a source. Signature and age are checked here, so that no secret leaves the service. Errors: unauthorized
 * (channel, signature, age: which one is not said); validation_failed; forbidden (channel disconnected); too_large.
 */
export const receiveSourceMessage = defineOperation<
  SourceMessageRequest,
  MessageEnvelope & { readonly duplicate: boolean }
>(
  MESSAGE_PRODUCER,
  'sources.message',
  Joi.object({
    source: sourceName.required(),
    timestamp: Joi.string().max(32).required(),
    signature: Joi.string().max(256).required(),
    body: Joi.string().max(262_144).required(),
  }),
  { writes: true },
);
