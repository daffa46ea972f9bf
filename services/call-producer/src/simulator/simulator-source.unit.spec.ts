import { bindingCatalogue, topicOf } from '../testing/catalogue';
import { FoldedCalls } from '../testing/folded-calls';
import { MemoryDocuments, ROOT } from '../testing/memory-documents';
import { startSimulator } from '../testing/start-simulator';

const MINUTE = 60_000;

describe('the simulated switch', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_763_700_000_000 }));
  afterEach(() => jest.useRealTimers());

  it('makes its first call within two seconds and keeps a bridged call from then on', async () => {
    const { source, events, pass } = await startSimulator();
    expect(source.problem()).toBeUndefined();

    await pass(2_000);
    expect(events.map(({ name }) => name)).toContain('CHANNEL_CREATE');

    await pass(2_000);
    let without = 0;
    for (let second = 0; second < 600; second += 1) {
      await pass(1_000);
      const bridged = source.channels().filter((channel) => channel.other_leg_call_id !== undefined);
      if (bridged.length === 0) without += 1;
    }
    expect(without).toBe(0);
    await source.stop();
  });

  it('has another long call to offer when somebody ended one', async () => {
    const { source, pass } = await startSimulator();
    await pass(5 * MINUTE);
    const oldestBridged = (): string | undefined =>
      source.channels().find(({ other_leg_call_id }) => other_leg_call_id !== undefined)?.call_id;

    const first = oldestBridged() ?? '';
    await source.execute(ROOT, first, { command: { name: 'hangup' } });
    const second = oldestBridged();
    expect(second).toBeDefined();
    await pass(5 * MINUTE);

    expect(oldestBridged()).toBe(second);
    await source.stop();
  });

  it.each([8, 2])(
    'lets every advertised binding fire within five minutes with %i calls',
    async (maxCalls) => {
      const { source, events, documents, pass } = await startSimulator({ maxCalls });
      const bindings = bindingCatalogue();

      await pass(5 * MINUTE);

      const keys = [
        ...events.map(({ routingKey }) => routingKey),
        ...documents.changes.map((change) => `object.${change}`),
        ...documents.changes
          .filter((change) => change.endsWith('.fax'))
          .map((change) => `fax.object.${change.split('.')[0]}`),
      ];
      const silent = bindings.filter((binding) => !keys.some((key) => topicOf(binding).test(key)));
      expect(silent).toEqual([]);
      await source.stop();
    },
  );

  it.each([1, 2, 3, 4])(
    'tells for an hour what is true, and ends what it began (seed %i)',
    async (seed) => {
      const folded = new FoldedCalls();
      const maxCalls = [1, 2, 8, 30][seed - 1] ?? 8;
      let most = 0;
      const { source, events, pass } = await startSimulator({
        seed,
        maxCalls,
        onEvent: (draft) => folded.add(draft),
      });
      for (let step = 0; step < 360; step += 1) {
        await pass(10_000);
        expect(FoldedCalls.viewOf(source.channels())).toEqual(folded.view());
        most = Math.max(most, new Set(source.channels().map((it) => it.interaction_id)).size);
      }
      await source.stop();

      expect(most).toBeLessThanOrEqual(maxCalls);
      expect(most).toBeGreaterThanOrEqual(maxCalls / 2);
      expect(folded.created.size).toBeGreaterThan(100);
      expect(folded.live.size).toBe(0);
      expect(folded.destroyed.size).toBe(folded.created.size);
      for (const body of folded.destroyed.values()) {
        const [duration, billing, ringing] = ['duration', 'billing', 'ringing'].map((what) =>
          Number(body[`${what}_seconds`]),
        );
        expect(duration).toBe((billing ?? NaN) + (ringing ?? NaN));
        expect(Math.min(duration ?? -1, billing ?? -1, ringing ?? -1)).toBeGreaterThanOrEqual(0);
        expect(body['hangup_cause']).toMatch(/^[A-Z_]+$/);
      }
      expect(events.every(({ body }) => typeof body['timestamp'] === 'number')).toBe(true);
      expect(jest.getTimerCount()).toBe(0);
    },
    60_000,
  );

  it('opens and closes conferences in pairs, and members with them', async () => {
    const { source, events, pass } = await startSimulator({ seed: 7 });
    await pass(60 * MINUTE);
    await source.stop();

    const kinds = events.filter(({ family, name }) => family === 'conference' && name === 'event');
    const count = (kind: string): number => kinds.filter(({ body }) => body['event'] === kind).length;
    expect(count('conference-create')).toBeGreaterThan(3);
    expect(count('conference-destroy')).toBe(count('conference-create'));
    expect(count('del-member')).toBe(count('add-member'));
    expect(count('stop-talking')).toBe(count('start-talking'));
    expect(count('lock')).toBeGreaterThan(0);
  });

  it('makes the same traffic of the same seed, call ids apart', async () => {
    const tellOf = async (seed: number): Promise<readonly string[]> => {
      jest.setSystemTime(1_763_700_000_000);
      const { source, events, pass } = await startSimulator({ seed });
      await pass(10 * MINUTE);
      await source.stop();
      return events.map(({ name, body, timestampMs }) =>
        [timestampMs, name, body['event'], body['caller_id_number'], body['callee_id_number']].join(' '),
      );
    };

    const first = await tellOf(3);
    expect(await tellOf(3)).toEqual(first);
    expect(await tellOf(4)).not.toEqual(first);
  });

  it('ends the calls of an earlier process as recovered, and asks for a snapshot', async () => {
    const known = [
      { call_id: 'old@10.1.2.3', account_id: 'acc', answered: true, on_hold: false, created: 1 },
      { call_id: 'x'.repeat(400), account_id: 'acc', answered: true, on_hold: false, created: 1 },
    ];
    const { source, events, snapshots } = await startSimulator({ known });

    expect(events[0]).toMatchObject({
      name: 'CHANNEL_DESTROY',
      routingKey: 'call.CHANNEL_DESTROY.old@10%2E1%2E2%2E3',
      accountId: 'acc',
      body: { hangup_cause: 'UNKNOWN', recovered: true, custom_channel_vars: { account_id: 'acc' } },
    });
    expect(events[0]?.body).not.toHaveProperty('duration_seconds');
    expect(snapshots()).toBe(1);
    await source.stop();
  });

  it('waits for object-producer, and says so', async () => {
    const documents = new MemoryDocuments();
    documents.failure = new Error('nobody serves object-producer');
    const { source, events, pass } = await startSimulator({ documents });
    await pass(MINUTE);
    expect(source.problem()).toContain('nobody serves object-producer');
    expect(events).toEqual([]);
    await expect(source.execute('a', 'b', { command: { name: 'hangup' } })).rejects.toMatchObject({
      code: 'unavailable',
    });

    documents.failure = undefined;
    await pass(10_000);
    expect(source.problem()).toBeUndefined();
    expect(events.length).toBeGreaterThan(0);
    await source.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('goes on with its calls when object-producer goes away', async () => {
    const { source, events, documents, pass } = await startSimulator();
    await pass(MINUTE);
    documents.failure = new Error('gone');
    const before = events.length;
    await pass(10 * MINUTE);
    expect(events.length).toBeGreaterThan(before + 100);
    expect(events.filter(({ name }) => name === 'status').length).toBeGreaterThan(5);
    const stopping = source.stop();
    await pass(10_000);
    await stopping;
    expect(jest.getTimerCount()).toBe(0);
  });
});
