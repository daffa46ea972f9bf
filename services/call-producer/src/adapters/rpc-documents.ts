import type { Broker } from '@ringdown/broker';
import {
  changeDocument,
  createAccount,
  createDocument,
  deleteDocument,
  describeRoot,
  getDocument,
  listAccounts,
  listDocuments,
  type ListQuery,
  type ListResult,
  type PublicDocument,
} from '@ringdown/contracts';
import type { Documents, Shelf } from '../simulator';

const PAGE_SIZE = 200;
/** Of one list; what the simulator looks for is never that long. */
const MAX_PAGES = 50;

/** Documents by requests to object-producer, in the name of the account they belong to. */
export function rpcDocuments(broker: Pick<Broker, 'request'>): Documents {
  const place = ({ accountId, type, parentId }: Shelf) => ({
    account_id: accountId,
    type,
    ...(parentId === undefined ? {} : { parent_id: parentId }),
  });
  const by = (accountId: string) => ({ actor: { account_id: accountId } });
  return {
    root: () => broker.request(describeRoot, {}),
    create: async (shelf, data) =>
      (await broker.request(createDocument, { ...place(shelf), ...by(shelf.accountId), data })).doc.id,
    merge: async (shelf, id, data) => {
      await broker.request(changeDocument, {
        ...place(shelf),
        ...by(shelf.accountId),
        id,
        mode: 'merge',
        data,
      });
    },
    remove: async (shelf, id) => {
      await broker.request(deleteDocument, { ...place(shelf), ...by(shelf.accountId), id });
    },
    get: async (shelf, id) => (await broker.request(getDocument, { ...place(shelf), id })).doc,
    list: (shelf, filter) =>
      allPages(filter, (query) => broker.request(listDocuments, { ...place(shelf), query })),
    createAccount: async (parentId, data) =>
      (await broker.request(createAccount, { account_id: parentId, ...by(parentId), data })).doc.id,
    listAccounts: (parentId, filter) =>
      allPages(filter, (query) =>
        broker.request(listAccounts, { account_id: parentId, scope: 'children', query }),
      ),
  };
}

async function allPages(
  filter: Readonly<Record<string, string>>,
  ask: (query: ListQuery) => Promise<ListResult>,
): Promise<readonly PublicDocument[]> {
  const docs: PublicDocument[] = [];
  let startKey: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await ask({
      page_size: PAGE_SIZE,
      filter,
      ...(startKey === undefined ? {} : { start_key: startKey }),
    });
    docs.push(...answer.docs);
    startKey = answer.next_start_key;
    if (startKey === undefined) break;
  }
  return docs;
}
