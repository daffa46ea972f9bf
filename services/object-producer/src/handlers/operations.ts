import { handle, type OperationHandler } from '@ringdown/broker';
import {
  apiAuth,
  changeDocument,
  createAccount,
  createApiKey,
  createDocument,
  deleteApiKey,
  deleteDocument,
  describePrincipal,
  describeRoot,
  getDocument,
  listAccountEndpoints,
  listAccounts,
  listApiKeys,
  listDocuments,
  listEndpoints,
  listRevocations,
  loginUser,
  revokeToken,
  userAuth,
} from '@ringdown/contracts';
import type { CreateAccount } from '../accounts/create-account';
import type { DescribeRoot } from '../accounts/describe-root';
import type { ListAccounts } from '../accounts/list-accounts';
import type { Stores } from '../ports';
import type { ApiAuth } from '../auth/api-auth';
import type { ApiKeys } from '../auth/api-keys';
import type { Revocations } from '../auth/revocations';
import type { UserAuth } from '../auth/user-auth';
import type { UserLogin } from '../auth/user-login';
import type { ChangeDocument } from '../documents/change-document';
import type { CreateDocument } from '../documents/create-document';
import type { DeleteDocument } from '../documents/delete-document';
import type { GetDocument } from '../documents/get-document';
import type { ListDocuments } from '../documents/list-documents';
import type { ListEndpoints } from '../endpoints/list-endpoints';

/** Everything this service can do. */
export interface UseCases {
  readonly stores: Stores;
  readonly userAuth: UserAuth;
  readonly userLogin: UserLogin;
  readonly apiAuth: ApiAuth;
  readonly revocations: Revocations;
  readonly apiKeys: ApiKeys;
  readonly createAccount: CreateAccount;
  readonly listAccounts: ListAccounts;
  readonly describeRoot: DescribeRoot;
  readonly createDocument: CreateDocument;
  readonly getDocument: GetDocument;
  readonly listDocuments: ListDocuments;
  readonly changeDocument: ChangeDocument;
  readonly deleteDocument: DeleteDocument;
  readonly listEndpoints: ListEndpoints;
}

/** One line per operation of the contract. */
export function operationHandlers(use: UseCases): OperationHandler[] {
  return [
    handle(userAuth, (request) => use.userAuth.run(request)),
    handle(loginUser, (request) => use.userLogin.run(request)),
    handle(apiAuth, (request) => use.apiAuth.run(request)),
    handle(describePrincipal, (request) => use.stores.identity.describe(request)),
    handle(revokeToken, (request) => use.revocations.revoke(request)),
    handle(listRevocations, () => use.revocations.list()),
    handle(createAccount, (request, context) => use.createAccount.run(request, context)),
    handle(listAccounts, (request) => use.listAccounts.run(request)),
    handle(describeRoot, () => use.describeRoot.run()),
    handle(createApiKey, (request, context) => use.apiKeys.create(request, context)),
    handle(listApiKeys, (request) => use.apiKeys.list(request)),
    handle(deleteApiKey, (request, context) => use.apiKeys.delete(request, context)),
    handle(createDocument, (request, context) => use.createDocument.run(request, context)),
    handle(getDocument, (request) => use.getDocument.run(request)),
    handle(listDocuments, (request) => use.listDocuments.run(request)),
    handle(changeDocument, (request, context) => use.changeDocument.run(request, context)),
    handle(deleteDocument, (request, context) => use.deleteDocument.run(request, context)),
    handle(listEndpoints, (request) => use.listEndpoints.run(request)),
    handle(listAccountEndpoints, (request) => use.listEndpoints.run(request)),
  ];
}
