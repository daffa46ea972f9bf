import { pause, silentLogger, withTrace } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import type { Database } from '../database';
import { migrate } from '../migrate';
import { enqueue } from '../outbox/enqueue';
import { OutboxDrainer, type OutboxDrainerOptions } from '../outbox/outbox-drainer';
import { outboxMigrations, type OutboxTables } from '../outbox/outbox-table';
import { message, RecordingPublisher } from './recording-publisher';

/** What the outbox promises on every database. */
export function outboxSuite(open: () => Promise<Database>): void {
  let database: Database;
  let publisher: RecordingPublisher;
  const drainers: OutboxDrainer[] = [];

  beforeAll(async () => {
    database = await open();
    await migrate(database, [outboxMigrations], silentLogger);
  }, 60_000);

  beforeEach(async () => {
    publisher = new RecordingPublisher();
    await database.tables<OutboxTables>().deleteFrom('outbox').execute();
  });

  afterEach(async () => {
    for (const one of drainers.splice(0)) await one.stop();
  });

  afterAll(() => database.close());

  const put = (...entries: { id: string; key?: string; urgent?: boolean }[]): Promise<void> =>
    database
      .tables<OutboxTables>()
      .transaction()
      .execute((trx) =>
        enqueue(
          trx,
          entries.map(({ id, key, urgent }) => ({
            message: message(id),
            orderKey: key ?? id,
            ...(urgent === undefined ? {} : { urgent }),
          })),
          Date.now(),
        ),
      );

  const drainer = async (options: Partial<OutboxDrainerOptions> = {}): Promise<OutboxDrainer> => {
    const one = new OutboxDrainer({
      database,
      publisher,
      logger: silentLogger,
      standbyPollMs: 50,
      ...options,
    });
    drainers.push(one);
    await one.start();
    return one;
  };

  it('publishes what was committed before it started, unchanged, and forgets it after the confirm', async () => {
    await put({ id: '1' }, { id: '2' });
    const one = await drainer();

    await waitUntil(() => publisher.confirmed.length === 2);
    expect(publisher.confirmed).toEqual([message('1'), message('2')]);
    await waitUntil(async () => (await one.stats()).depth === 0);
  });

  it('publishes with the id of the request that wrote, under whatever name it runs itself', async () => {
    await withTrace({ requestId: 'http-1', traceparent: 't1' }, () => put({ id: '1' }));
    await withTrace({ requestId: 'other' }, () => drainer());

    await waitUntil(() => publisher.confirmed.length === 1);
    expect(publisher.confirmed[0]?.headers).toEqual({
      ...message('1').headers,
      request_id: 'http-1',
      traceparent: 't1',
    });
  });

  it('publishes at once what is kicked, without waiting for its poll', async () => {
    const one = await drainer({ pollMs: 600_000 });
    await waitUntil(() => one.active);
    await put({ id: '1' });
    one.kick();

    await waitUntil(() => publisher.ids.includes('1'));
  });

  it('finds by itself what nobody told it about', async () => {
    const one = await drainer({ pollMs: 50 });
    await waitUntil(() => one.active);
    await put({ id: '1' });

    await waitUntil(() => publisher.ids.includes('1'));
  });

  it('never lets a message overtake a failed one of its key, and sends it again under its id', async () => {
    publisher.refuse = ({ messageId }, attempt) => messageId === 'a1' && attempt <= 2;
    await put({ id: 'a1', key: 'a' }, { id: 'a2', key: 'a' }, { id: 'b1', key: 'b' }, { id: 'a3', key: 'a' });
    await drainer();

    await waitUntil(() => publisher.confirmed.length === 4);
    expect(publisher.ids).toEqual(['b1', 'a1', 'a2', 'a3']);
    expect(publisher.attempts.filter(({ messageId }) => messageId === 'a1')).toHaveLength(3);
  });

  it('does not let one message that always fails hold up the others', async () => {
    publisher.refuse = ({ messageId }) => messageId === 'bad';
    await put({ id: 'bad' });
    const one = await drainer({ pollMs: 600_000 });
    for (let n = 0; n < 10; n += 1) {
      await put({ id: `good${n}` });
      one.kick();
      await waitUntil(() => publisher.ids.includes(`good${n}`));
    }

    // The last good one is forgotten a moment after it was confirmed.
    await waitUntil(async () => (await one.stats()).depth === 1);
    expect(publisher.confirmed).toHaveLength(10);
  });

  it('lets urgent messages go first', async () => {
    await put({ id: '1' }, { id: '2' }, { id: 'now', urgent: true });
    await drainer({ batchSize: 1 });

    await waitUntil(() => publisher.confirmed.length === 3);
    expect(publisher.ids).toEqual(['now', '1', '2']);
  });

  it('works in one process at a time; the other takes over when it stops', async () => {
    const first = await drainer();
    await waitUntil(() => first.active);
    const second = await drainer();
    await pause(200);
    expect(second.active).toBe(false);
    await put({ id: '1' });
    second.kick();
    await waitUntil(() => publisher.ids.includes('1'));

    await first.stop();
    await waitUntil(() => second.active);
    await put({ id: '2' });
    second.kick();
    await waitUntil(() => publisher.ids.includes('2'));
  });

  it('leaves the work to another process while its own broker is away', async () => {
    const other = new RecordingPublisher();
    const first = await drainer();
    await waitUntil(() => first.active);
    await drainer({ publisher: other });

    publisher.isReady = false;
    publisher.refuse = () => true;
    await put({ id: '1' });
    first.kick();

    await waitUntil(() => other.ids.includes('1'));
    expect(publisher.confirmed).toEqual([]);
  });

  it('tells how much waits and for how long', async () => {
    publisher.isReady = false;
    const one = await drainer({ clock: () => Date.now() + 5_000 });
    expect(await one.stats()).toEqual({ depth: 0, lagMs: 0 });
    await put({ id: '1' }, { id: '2' });

    const { depth, lagMs } = await one.stats();
    expect(depth).toBe(2);
    expect(lagMs).toBeGreaterThanOrEqual(5_000);
  });

  it('publishes on stop what was committed before', async () => {
    const one = await drainer({ pollMs: 600_000 });
    await waitUntil(() => one.active);
    await put({ id: '1' });
    await one.stop();

    expect(publisher.ids).toEqual(['1']);
  });
}
