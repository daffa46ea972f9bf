import { createEmbeddedHub } from '@ringdown/broker';
import { newId, Random, silentLogger } from '@ringdown/core';
import { openDatabase, type Database, type Schema } from '@ringdown/database';
import type { MessagingTables } from '../adapters/tables';
import type { Writer } from '../app/writer';
import { buildContainer } from '../container';
import type { UseCases } from '../handlers/operations';
import { testSettings } from '../testing/harness';
import { TOKENS } from '../tokens';
import { VISITORS, type Visitor } from './cast';
import { trim } from './history';
import { RootAccountStage } from './root-account-stage';
import { SceneWriter, type Action } from './scenes';

const [IDA] = VISITORS;

describe('the stage in the root account', () => {
  let database: Database;
  let use: UseCases;
  let writer: Writer;
  let account_id: string;

  beforeAll(async () => {
    database = await openDatabase({ logger: silentLogger });
    const hub = createEmbeddedHub();
    const container = buildContainer(
      testSettings,
      {
        brokerFactory: (service) => hub.connect({ service, logger: silentLogger }),
        logger: silentLogger,
        accounts: { stateOf: () => Promise.resolve('enabled') },
      },
      database,
    );
    await container.resolve<Schema>(TOKENS.schema).start();
    use = container.resolve(TOKENS.useCases);
    writer = container.resolve(TOKENS.writer);
  }, 60_000);

  afterAll(() => database.close());

  beforeEach(() => {
    account_id = newId();
  });

  /** As a process has it that has just become the one that plays. */
  async function newStage(): Promise<RootAccountStage> {
    const stage = new RootAccountStage({
      use,
      rootAccount: () => Promise.resolve(account_id),
      trim: (accountId, conversationId) => trim(writer, accountId, conversationId),
    });
    await stage.prepare();
    return stage;
  }

  async function play(stage: RootAccountStage, ...actions: readonly Action[]): Promise<void> {
    for (const action of actions) await stage.perform(action, newId());
  }

  const visit = (visitor: Visitor, text: string): readonly Action[] => [
    { kind: 'arrive', visitor },
    { kind: 'write', visitor, text },
    { kind: 'introduce', visitor },
    { kind: 'read', visitor },
    { kind: 'leave', visitor },
  ];

  const conversations = async () => (await use.conversations.list({ account_id, page_size: 100 })).data;

  /** Names of what was told of this account, in order; nothing drains the outbox here. */
  async function told(): Promise<string[]> {
    const rows = await database
      .tables<MessagingTables>()
      .selectFrom('outbox')
      .select(['type', 'headers'])
      .orderBy('id')
      .execute();
    return rows
      .filter(({ headers }) => (headers as unknown as { account_id: string }).account_id === account_id)
      .map(({ type }) => String(type));
  }

  it('connects its channels and makes its tags once, and finds them again', async () => {
    await newStage();
    const { data: first } = await use.channels.list({ account_id });
    await newStage();

    expect(first.map(({ name, source }) => [name, source])).toEqual([
      ['Demo', 'chat_plugin'],
      ['Demo pop-up store', 'chat_plugin'],
    ]);
    expect((await use.channels.list({ account_id })).data).toEqual(first);
    expect((await use.tags.list({ account_id })).tags).toHaveLength(3);
    expect(await told()).toEqual(['channel_connected', 'channel_connected']);
  });

  it('tells everything there is to tell', async () => {
    const stage = await newStage();
    await play(
      stage,
      { kind: 'arrive', visitor: IDA },
      { kind: 'write', visitor: IDA, text: 'Hello?' },
      { kind: 'read', visitor: IDA },
      { kind: 'answer', visitor: IDA, text: 'Hello!' },
      { kind: 'tag', visitor: IDA, tag: 'order' },
      { kind: 'close' },
      { kind: 'reopen' },
    );

    expect((await told()).slice(2)).toEqual([
      'message',
      'unread_count',
      'unread_count',
      'message',
      'channel_disconnected',
      'channel_connected',
    ]);
    const [conversation] = await conversations();
    expect(conversation).toMatchObject({ tags: [expect.any(String)], unread_message_count: 0 });
    expect(conversation!.last_message).toMatchObject({
      content: '{"text":"Hello!"}',
      sender_type: 'app_user',
      delivery_state: 'PENDING',
    });
  });

  it('goes on in the conversations it began before', async () => {
    await play(await newStage(), ...visit(IDA, 'One'));
    await play(await newStage(), ...visit(IDA, 'Two'));

    const all = await conversations();
    expect(all.map(({ contact }) => contact.display_name)).toEqual(['Ida Berg']);
    const { data } = await use.conversations.messages({ account_id, conversation_id: all[0]!.id });
    expect(data.map(({ content }) => content)).toEqual(['{"text":"Two"}', '{"text":"One"}']);
  });

  it('opens a store that was left closed, and leaves alone what users changed', async () => {
    const stage = await newStage();
    await play(stage, ...visit(IDA, 'One'), { kind: 'close' });
    const [conversation] = await conversations();
    const place = { account_id, conversation_id: conversation!.id };
    await use.conversations.setMetadata({ ...place, key: 'contact.display_name', value: 'Ms Berg' });

    await play(await newStage(), ...visit(IDA, 'Two'));

    expect((await use.channels.list({ account_id })).data).toHaveLength(2);
    expect((await use.conversations.info(place)).contact.display_name).toBe('Ms Berg');
  });

  it('does an action once, however often it is repeated', async () => {
    const stage = await newStage();
    await play(stage, { kind: 'arrive', visitor: IDA });
    const actions: readonly Action[] = [
      { kind: 'write', visitor: IDA, text: 'Hello?' },
      { kind: 'answer', visitor: IDA, text: 'Hello!' },
    ];
    for (const action of actions) {
      const requestId = newId();
      for (let n = 0; n < 3; n += 1) await stage.perform(action, requestId);
    }

    const [conversation] = await conversations();
    const page = await use.conversations.messages({ account_id, conversation_id: conversation!.id });
    expect(page.response_metadata.total).toBe(2);
  });

  it('has only as many conversations as visitors, of bounded length, however long it plays', async () => {
    const scenes = new SceneWriter(new Random(1));
    const stage = await newStage();
    for (let n = 0; n < 130; n += 1) {
      for (const { action } of scenes.next().beats) await stage.perform(action, newId());
      // Nothing delivers here: as after a delivery.
      await database.tables<MessagingTables>().deleteFrom('messaging_deliveries').execute();
    }

    const all = await conversations();
    expect(all).toHaveLength(VISITORS.length);
    for (const { id, unread_message_count: unread } of all) {
      const page = await use.conversations.messages({ account_id, conversation_id: id });
      expect(page.response_metadata.total).toBeLessThanOrEqual(50);
      expect(page.response_metadata.total).toBeGreaterThan(40);
      expect(unread).toBe(0);
    }
  }, 120_000);

  it('forgets nothing that is unread or not delivered yet', async () => {
    const stage = await newStage();
    await play(stage, { kind: 'arrive', visitor: IDA }, { kind: 'write', visitor: IDA, text: 'Read' });
    await play(stage, { kind: 'read', visitor: IDA }, { kind: 'answer', visitor: IDA, text: 'Waiting' });
    for (let n = 0; n < 60; n += 1) await play(stage, { kind: 'write', visitor: IDA, text: 'Unread' });
    const [conversation] = await conversations();
    const place = { account_id, conversation_id: conversation!.id };
    const total = async (): Promise<number> =>
      (await use.conversations.messages(place)).response_metadata.total;

    await trim(writer, account_id, conversation!.id);
    expect(await total()).toBe(61);
    expect((await use.conversations.info(place)).unread_message_count).toBe(60);

    await play(stage, { kind: 'read', visitor: IDA });
    await trim(writer, account_id, conversation!.id);
    expect(await total()).toBe(51);
    expect((await use.conversations.info(place)).unread_message_count).toBe(0);
  });

  it('is of no use to a visitor who has not come', async () => {
    const stage = await newStage();
    await expect(play(stage, { kind: 'read', visitor: IDA })).rejects.toMatchObject({ code: 'not_found' });
  });
});
