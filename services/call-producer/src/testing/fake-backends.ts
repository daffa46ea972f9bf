import { handle, type Broker, type Feed } from '@ringdown/broker';
import {
  changeDocument,
  createAccount,
  createDocument,
  decodeEvent,
  decodeSwitchSnapshot,
  deleteDocument,
  describeRoot,
  getDocument,
  listAccountEndpoints,
  listAccounts,
  listChannels,
  listDocuments,
  listEndpoints,
  type ChannelState,
  type DocumentPath,
  type WireMessage,
} from '@ringdown/contracts';
import type { Shelf } from '../simulator';
import { MemoryDocuments } from './memory-documents';

/** Answers as object-producer does, from documents in memory. */
export async function serveDocuments(broker: Broker, documents = new MemoryDocuments()): Promise<void> {
  const shelf = ({ account_id: accountId, type, parent_id: parentId }: DocumentPath): Shelf => ({
    accountId,
    type,
    ...(parentId === undefined ? {} : { parentId }),
  });
  const made = (id: string) => ({ doc: { id }, revision: 1 });
  const listed = (docs: Awaited<ReturnType<MemoryDocuments['list']>>) => ({ docs, page_size: docs.length });
  await broker.serve([
    handle(describeRoot, () => documents.root()),
    handle(createDocument, async (request) => made(await documents.create(shelf(request), request.data))),
    handle(changeDocument, async (request) => {
      await documents.merge(shelf(request), request.id, request.data);
      return made(request.id);
    }),
    handle(deleteDocument, async (request) => {
      await documents.remove(shelf(request), request.id);
      return made(request.id);
    }),
    handle(getDocument, async (request) => ({
      doc: await documents.get(shelf(request), request.id),
      revision: 1,
    })),
    handle(listDocuments, async (request) =>
      listed(await documents.list(shelf(request), request.query.filter ?? {})),
    ),
    handle(createAccount, async (request) =>
      made(await documents.createAccount(request.account_id, request.data)),
    ),
    handle(listAccounts, async (request) =>
      listed(await documents.listAccounts(request.account_id, request.query.filter ?? {})),
    ),
    handle(listEndpoints, () => Promise.resolve({ endpoints: [] })),
    handle(listAccountEndpoints, () => Promise.resolve({ endpoints: [] })),
  ]);
}

/** Knows which calls live as far as events and snapshots tell, and answers for them as the registry does. */
export class FakeRegistry {
  readonly live = new Map<string, ChannelState>();
  private feed: Feed | undefined;

  constructor(private readonly broker: Broker) {}

  async start(): Promise<void> {
    this.feed = await this.broker.openFeed(
      { name: 'registry', maxLength: 100_000 },
      { onMessage: (message) => this.fold(message), onGap: () => undefined },
    );
    await this.feed.bind('call', '#');
    await this.broker.serve([
      handle(listChannels, () => Promise.resolve({ channels: [...this.live.values()], offset: 0 })),
    ]);
  }

  private fold(message: WireMessage): void {
    const snapshot = decodeSwitchSnapshot(message);
    if (snapshot !== undefined) {
      if (snapshot.part === 0) this.live.clear();
      for (const channel of snapshot.channels) this.live.set(channel.call_id, channel);
      return;
    }
    const decoded = decodeEvent(message);
    if (!decoded.ok) return;
    const { name, body, accountId } = decoded.event;
    const callId = String(body['call_id']);
    if (name === 'CHANNEL_DESTROY') this.live.delete(callId);
    else if (name === 'CHANNEL_CREATE') {
      this.live.set(callId, {
        call_id: callId,
        ...(accountId === undefined ? {} : { account_id: accountId }),
        answered: false,
        on_hold: false,
        created: Number(body['timestamp']),
      });
    }
  }
}
