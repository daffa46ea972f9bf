import {
  authenticateVisitor,
  connectMessagingChannel,
  createTag,
  deleteTag,
  describeVisitor,
  disconnectMessagingChannel,
  getConversation,
  listConversations,
  listMessages,
  listMessagingChannels,
  listTags,
  loginUser,
  MESSAGE_PRODUCER,
  readConversation,
  receiveSourceMessage,
  removeMetadata,
  sendAsVisitor,
  sendMessage,
  setMetadata,
  tagConversation,
  untagConversation,
  updateTag,
  type MessageEnvelope,
  type MessagingChannel,
  type MessagingConversation,
  type MessagingMessage,
  type UserLoginResult,
  type VisitorSession,
} from '@ringdown/contracts';
import { PARENT, USER_ID } from './fake-directory';
import type { Answered, CallOptions, GatewayFixture } from './gateway-fixture';

export const CHANNEL_ID = 'f2a6b9d4-5f0d-5d1c-8b3b-0c4f7e7a9d21';
export const CONVERSATION_ID = '6b1f2a52-6a52-4d0e-9a0a-2f0c7b1c3f10';
export const TAG_ID = '3d7b1d1c-32b5-4d35-8c0a-6bd5ef2f4c1b';
export const VISITOR_TOKEN = 'v'.repeat(43);

export const channel: MessagingChannel = {
  id: CHANNEL_ID,
  name: 'Support desk',
  source: 'twilio.sms',
  source_channel_id: '+4930555010',
  connected: true,
};
export const message: MessagingMessage = {
  id: '0d0c6f0e-9d52-4b7e-8a8d-7b6f1f0b2c11',
  content: '{"text":"Where is my order?"}',
  delivery_state: 'DELIVERED',
  sender_type: 'source_contact',
  sent_at: '2021-01-27T09:15:30.250Z',
};
export const pending: MessagingMessage = { ...message, delivery_state: 'PENDING', sender_type: 'app_user' };
export const onItsWay: MessageEnvelope = {
  conversation_id: CONVERSATION_ID,
  channel_id: CHANNEL_ID,
  message,
};
export const conversation: MessagingConversation = {
  id: CONVERSATION_ID,
  created_at: '2021-01-27T09:15:30.000Z',
  channel: { id: CHANNEL_ID, name: 'Support desk', source: 'twilio.sms' },
  tags: [],
  contact: { display_name: 'Sms c3f10', avatar_url: null, info: {} },
  metadata: {},
  last_message: message,
  unread_message_count: 1,
};
export const page = { previous_cursor: null, next_cursor: 'next', filtered_total: 1, total: 1 };
export const session: VisitorSession = {
  account_id: PARENT,
  channel_id: CHANNEL_ID,
  conversation_id: CONVERSATION_ID,
  expires_at: 1_735_000_000_999,
};
const login: UserLoginResult = {
  auth_token: 'a.new.token',
  expires_at: 1_735_000_000_000,
  account_id: PARENT,
  account_name: 'acme',
  owner_id: USER_ID,
  is_master_account: false,
  language: 'en-us',
  user: {
    id: USER_ID,
    username: 'bob',
    first_name: 'Bob',
    last_name: 'Miller',
    email: 'bob@acme.example',
  },
};

const operations = [
  authenticateVisitor,
  connectMessagingChannel,
  createTag,
  deleteTag,
  describeVisitor,
  disconnectMessagingChannel,
  getConversation,
  listConversations,
  listMessages,
  listMessagingChannels,
  listTags,
  readConversation,
  receiveSourceMessage,
  removeMetadata,
  sendAsVisitor,
  sendMessage,
  setMetadata,
  tagConversation,
  untagConversation,
  updateTag,
];

/** Lets a fake message-producer and a fake login answer everything well. */
export async function serveMessages(fixture: GatewayFixture): Promise<void> {
  const done = (): Record<string, never> => ({});
  const tag = { id: TAG_ID, name: 'urgent', color: 'tag-red' };
  fixture.answer(loginUser, () => login);
  fixture.answer(listMessagingChannels, () => ({ data: [channel] }));
  fixture.answer(connectMessagingChannel, () => ({ channel }));
  fixture.answer(disconnectMessagingChannel, () => ({ already: false }));
  fixture.answer(listConversations, () => ({ data: [conversation], response_metadata: page }));
  fixture.answer(getConversation, () => conversation);
  fixture.answer(readConversation, done);
  fixture.answer(tagConversation, done);
  fixture.answer(untagConversation, done);
  fixture.answer(listMessages, () => ({ data: [message], response_metadata: page }));
  fixture.answer(sendMessage, () => pending);
  fixture.answer(setMetadata, done);
  fixture.answer(removeMetadata, done);
  fixture.answer(createTag, () => tag);
  fixture.answer(listTags, () => ({ tags: [tag] }));
  fixture.answer(updateTag, () => tag);
  fixture.answer(deleteTag, done);
  fixture.answer(authenticateVisitor, () => ({ token: VISITOR_TOKEN, session, messages: [message] }));
  fixture.answer(describeVisitor, () => session);
  fixture.answer(sendAsVisitor, () => onItsWay);
  fixture.answer(receiveSourceMessage, () => ({ ...onItsWay, duplicate: false }));
  await fixture.serve(MESSAGE_PRODUCER, operations);
}

/** A request in this dialect: the body as it is, the token in `Authorization`. */
export function post(
  fixture: GatewayFixture,
  path: string,
  body: object = {},
  options: Omit<CallOptions, 'data'> = {},
): Promise<Answered> {
  const { token, headers, ...rest } = options;
  return fixture.call('POST', path, {
    body: JSON.stringify(body),
    ...rest,
    headers: { ...(token === undefined ? {} : { authorization: token }), ...headers },
  });
}
