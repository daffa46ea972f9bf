import { handle, type OperationHandler } from '@ringdown/broker';
import {
  authenticateVisitor,
  connectMessagingChannel,
  createTag,
  deleteTag,
  describeVisitor,
  disconnectMessagingChannel,
  getConversation,
  getDelivery,
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
} from '@ringdown/contracts';
import type { Channels } from '../channels/channels';
import type { Conversations } from '../conversations/conversations';
import type { SendMessage } from '../messages/send-message';
import type { ReceiveSourceMessage } from '../sources/receive-source-message';
import type { Tags } from '../tags/tags';
import type { Visitors } from '../visitors/visitors';

/** Everything this service can do. */
export interface UseCases {
  readonly channels: Channels;
  readonly conversations: Conversations;
  readonly sendMessage: SendMessage;
  readonly tags: Tags;
  readonly visitors: Visitors;
  readonly receiveSourceMessage: ReceiveSourceMessage;
}

/** One line per operation of the contract. */
export function operationHandlers(use: UseCases): OperationHandler[] {
  return [
    handle(listMessagingChannels, (request) => use.channels.list(request)),
    handle(connectMessagingChannel, (request, context) => use.channels.connect(request, context)),
    handle(disconnectMessagingChannel, (request, context) => use.channels.disconnect(request, context)),
    handle(listConversations, (request) => use.conversations.list(request)),
    handle(getConversation, (request) => use.conversations.info(request)),
    handle(readConversation, (request, context) => use.conversations.read(request, context)),
    handle(listMessages, (request) => use.conversations.messages(request)),
    handle(sendMessage, (request, context) => use.sendMessage.run(request, context)),
    handle(getDelivery, (request) => use.sendMessage.delivery(request)),
    handle(setMetadata, (request) => use.conversations.setMetadata(request)),
    handle(removeMetadata, (request) => use.conversations.removeMetadata(request)),
    handle(createTag, (request, context) => use.tags.create(request, context)),
    handle(listTags, (request) => use.tags.list(request)),
    handle(updateTag, (request) => use.tags.update(request)),
    handle(deleteTag, (request, context) => use.tags.delete(request, context)),
    handle(tagConversation, (request) => use.tags.attach(request)),
    handle(untagConversation, (request) => use.tags.detach(request)),
    handle(authenticateVisitor, (request) => use.visitors.authenticate(request)),
    handle(describeVisitor, (request) => use.visitors.describe(request)),
    handle(sendAsVisitor, (request, context) => use.visitors.send(request, context)),
    handle(receiveSourceMessage, (request, context) => use.receiveSourceMessage.run(request, context)),
  ];
}
