export { type WireMessage } from './wire-message';
export {
  type DecodeEvent,
  type DecodedEvent,
  type EncodeEvent,
  type EventDraft,
  type FamilyName,
  type IncomingEvent,
  type RejectReason,
} from './event';
export { type ClientBinding } from './client-binding';
export { MAX_ROUTING_KEY_BYTES, decodeId, encodeId } from './encoded-id';
export { CONTRACTS_VERSION, DEFAULT_APP_ID, encodeEvent } from './encode-event';
export { decodeEvent } from './decode-event';
export { MAX_EVENT_BYTES, MAX_EVENT_DEPTH } from './json-body';
export { MAX_BINDING_BYTES, parseBinding } from './parse-binding';
export {
  hubChannels,
  hubEventTypeNames,
  parseHubEventType,
  parseHubEventTypes,
  type HubChannel,
  type HubEventType,
} from './hub/event-types';
export { bindingCatalogue, type BindingCatalogue } from './binding-catalogue';
export { SAMPLE_ACCOUNT_ID, eventSamples, eventSamplesFor, type EventSample } from './event-samples';
export {
  databaseName,
  documentTypeNamed,
  documentTypeOfResource,
  documentTypes,
  isDocumentTypeName,
  type DocumentType,
  type DocumentTypeName,
} from './document-types';
export {
  type BodyOf,
  type Field,
  type FieldProblem,
  type Fields,
  type JsonObject,
  type Shape,
} from './fields';
export { families } from './families/families';
export { type CatalogueEntry, type EventFamily, type KeyFacts } from './families/family';
export {
  MAX_CHANNELS_PER_PART,
  callEventNames,
  callRoutingKey,
  decodeSwitchSnapshot,
  encodeSwitchSnapshot,
  isSwitchSnapshotKey,
  type CallEvent,
  type CallEventName,
  type SwitchSnapshotPart,
} from './families/call';
export {
  conferenceCommandRoutingKey,
  conferenceEventKinds,
  conferenceEventRoutingKey,
  type ConferenceCommand,
  type ConferenceEvent,
  type ConferenceEventKind,
} from './families/conference';
export { faxObjectRoutingKey, faxStatusRoutingKey, type FaxStatus } from './families/fax';
export { objectActions, objectRoutingKey, type ObjectAction, type ObjectEvent } from './families/object';
export {
  channelConnectedRoutingKey,
  channelDisconnectedRoutingKey,
  messageRoutingKey,
  messagingEventNames,
  messagingQueues,
  unreadCountRoutingKey,
  type MessageEvent,
  type MessagingChannelEvent,
  type MessagingEventName,
  type UnreadCountEvent,
} from './families/messaging';
export {
  CONTROL_EXCHANGE,
  encodeControl,
  type Alive,
  type ControlMessages,
  type ControlName,
  type PrincipalChanged,
  type TokenRevoked,
} from './control';
export { defineOperation, type Operation } from './rpc/operation';
export {
  OBJECT_PRODUCER,
  apiAuth,
  describePrincipal,
  listRevocations,
  revokeToken,
  loginUser,
  userAuth,
  type DescribeRequest,
  type LoginRequest,
  type LoginResult,
  type PrincipalState,
  type Revocation,
  type UserAuthRequest,
  type UserLoginResult,
} from './rpc/identity';
export {
  changeDocument,
  createAccount,
  createApiKey,
  createDocument,
  deleteApiKey,
  deleteDocument,
  getDocument,
  listAccounts,
  listApiKeys,
  listDocuments,
  type Actor,
  type ChangeRequest,
  type CreateRequest,
  type DocumentPath,
  type DocumentResult,
  type ListQuery,
  type ListResult,
  type PublicDocument,
} from './rpc/documents';
export {
  BLACKHOLE,
  closeSocket,
  getSocket,
  clientIdOf,
  instanceTagOf,
  listHubClients,
  listSockets,
  newSocketId,
  socketIdOfClient,
  unsubscribeHubClient,
  type HubClientInfo,
  type SocketInfo,
} from './rpc/sockets';
export {
  CALL_PRODUCER,
  COMMAND_PROOF_MS,
  MAX_FLOW_DEPTH,
  callFlowSchema,
  commandConference,
  conferenceActions,
  executeCallFlow,
  findConference,
  type CallCommand,
  type CallCommandName,
  type CallFlow,
  type CommandOutcome,
  type ConferenceAction,
  type ConferenceCommandRequest,
  type ConferenceState,
} from './rpc/calls';
export {
  CHANNELS,
  commandChannel,
  getChannel,
  listChannels,
  MAX_PAGE_TOKEN,
  snapshotChannels,
  type ChannelState,
  type ChannelsSnapshot,
  type ListChannelsRequest,
  type ListChannelsResult,
} from './rpc/channels';
export {
  channelDetailView,
  channelListView,
  type ChannelDetail,
  type ChannelListItem,
} from './channel-views';
export {
  describeRoot,
  listAccountEndpoints,
  listEndpoints,
  type Endpoint,
  type EndpointList,
  type EndpointPage,
} from './rpc/endpoints';
export {
  CHAT_PLUGIN,
  MAX_MESSAGE_CONTENT_BYTES,
  MESSAGE_PRODUCER,
  SIGNATURE_WINDOW_S,
  authenticateVisitor,
  connectMessagingChannel,
  createTag,
  deleteTag,
  deliveryStates,
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
  senderTypes,
  setMetadata,
  sourceMessageSchema,
  tagConversation,
  untagConversation,
  updateTag,
  type ConnectChannelRequest,
  type DeliveryState,
  type MessageEnvelope,
  type MessagingChannel,
  type MessagingConversation,
  type MessagingMessage,
  type MessagingPage,
  type MessagingTag,
  type PageMetadata,
  type PageRequest,
  type SenderType,
  type SetMetadataRequest,
  type SourceMessage,
  type SourceMessageRequest,
  type VisitorSession,
} from './rpc/messaging';
