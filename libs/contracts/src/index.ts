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
export {
  CONTROL_EXCHANGE,
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
  userAuth,
  type DescribeRequest,
  type LoginResult,
  type PrincipalState,
  type Revocation,
  type UserAuthRequest,
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
  instanceTagOf,
  listSockets,
  type SocketInfo,
} from './rpc/sockets';
