import {
  changeDocument,
  createDocument,
  deleteDocument,
  getDocument,
  listDocuments,
  type DocumentPath,
  type DocumentResult,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { Access } from '../app/access';
import { actorOf } from '../app/actor';
import { listAll } from '../app/list-all';
import type { Rpc } from '../app/rpc';
import { idempotencyKeyOf, ifMatchOf } from '../crossbar/conditions';
import type { Answer, RequestData, Resource } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';
import { isStorable } from '../front/check-json';

/** A kind of document and where its collection hangs in the URL. */
export interface DocumentCollection {
  /** Document type, for example `user`. */
  readonly type: string;
  /** Below `/accounts/:account_id`, for example `/vmboxes/:parent_id/messages`. */
  readonly path: string;
}

/** The collection and the item resource of one kind of document. */
export function documentResources(rpc: Rpc, access: Access, { type, path }: DocumentCollection): Resource[] {
  const collection = `/accounts/:account_id${path}`;
  return [
    {
      path: collection,
      methods: {
        GET: {
          access: 'token',
          authorize: ({ principal, params }) => access.toRead(principal, accountOf(params)),
          run: (request) =>
            listAll(request, (query) => rpc.ask(listDocuments, { ...pathOf(request, type), query }, request)),
        },
        PUT: {
          access: 'token-body',
          authorize: ({ principal, params }) => access.toAdminister(principal, accountOf(params)),
          run: async (request, data) => {
            const result = await rpc.ask(
              createDocument,
              { ...pathOf(request, type), actor: actorOf(request), data, ...idempotency(request) },
              request,
            );
            return {
              ...shown(result),
              status: 201,
              headers: { location: locationOf(collection, request, result.doc.id) },
            };
          },
        },
      },
    },
    itemResource(rpc, access, type, `${collection}/:id`, (request) => ({
      ...pathOf(request, type),
      id: idOf(request.params['id']!),
    })),
  ];
}

/** GET, POST, PATCH and DELETE of one document; `locate` says which. */
export function itemResource(
  rpc: Rpc,
  access: Access,
  type: string,
  path: string,
  locate: (request: AuthenticatedRequest) => DocumentPath & { readonly id: string },
): Resource {
  const mayChange = (request: AuthenticatedRequest): Promise<void> =>
    access.toChange(request.principal, accountOf(request.params), type, locate(request).id);
  const change =
    (mode: 'replace' | 'merge') =>
    async (request: AuthenticatedRequest, data: RequestData): Promise<Answer> => {
      access.checkOwnChange(request.principal, data);
      return shown(
        await rpc.ask(
          changeDocument,
          {
            ...locate(request),
            actor: actorOf(request),
            mode,
            data,
            ...condition(request),
            ...(mode === 'replace' ? idempotency(request) : {}),
          },
          request,
        ),
      );
    };

  return {
    path,
    methods: {
      GET: {
        access: 'token',
        authorize: ({ principal, params }) => access.toRead(principal, accountOf(params)),
        run: async (request) => shown(await rpc.ask(getDocument, locate(request), request)),
      },
      POST: { access: 'token-body', authorize: mayChange, run: change('replace') },
      PATCH: { access: 'token-body', authorize: mayChange, run: change('merge') },
      DELETE: {
        access: 'token',
        authorize: ({ principal, params }) => access.toAdminister(principal, accountOf(params)),
        run: async (request) =>
          shown(
            await rpc.ask(
              deleteDocument,
              { ...locate(request), actor: actorOf(request), ...condition(request) },
              request,
            ),
          ),
      },
    },
  };
}

/** A document as an answer. */
export function shown({ doc, revision }: DocumentResult): Answer {
  return { data: doc, revision };
}

/** An id from a URL. Error: `not_found` for what can be no id. */
export function idOf(text: string): string {
  if (text.length > 128 || !isStorable(text)) throw new AppError('not_found', 'bad identifier');
  return text;
}

export function idempotency(request: AuthenticatedRequest): { idempotency_key?: string } {
  const key = idempotencyKeyOf(request.headers);
  return key === undefined ? {} : { idempotency_key: key };
}

function condition(request: AuthenticatedRequest): { if_match?: number } {
  const revision = ifMatchOf(request.headers);
  return revision === undefined ? {} : { if_match: revision };
}

function accountOf(params: Readonly<Record<string, string>>): string {
  return params['account_id']!;
}

function pathOf(request: AuthenticatedRequest, type: string): DocumentPath {
  const parent = request.params['parent_id'];
  return {
    account_id: accountOf(request.params),
    type,
    ...(parent === undefined ? {} : { parent_id: idOf(parent) }),
  };
}

function locationOf(collection: string, request: AuthenticatedRequest, id: string): string {
  const base = collection.replace(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(request.params[name] ?? ''),
  );
  return `/v2${base}/${encodeURIComponent(id)}`;
}
