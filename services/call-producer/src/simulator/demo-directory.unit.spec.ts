import { deferred } from '@ringdown/core';
import { MemoryDocuments, ROOT } from '../testing/memory-documents';
import { startSimulator } from '../testing/start-simulator';
import { ensureDemoDirectory } from './demo-directory';

describe('the demo directory', () => {
  it('is made once: a realm, two users with a SIP device each, extension 2600', async () => {
    const documents = new MemoryDocuments();
    documents.realm = undefined;

    const first = await ensureDemoDirectory(documents);
    const changes = documents.changes.length;
    const second = await ensureDemoDirectory(documents);

    expect(first.account.realm).toBe('a00000000000.sip.example');
    expect(documents.changes).toHaveLength(changes);
    expect(second.staff).toEqual(first.staff);
    expect(documents.ofType('user')).toMatchObject([{ username: 'ann.demo' }, { username: 'bob.demo' }]);
    expect(documents.ofType('callflow')).toMatchObject([{ numbers: ['2600'] }]);
    const [ann, bob] = documents.ofType('device').map(({ sip }) => sip as Record<string, string>);
    expect(ann?.['username']).toBe('demo_1001');
    expect(ann?.['password']).toMatch(/^[0-9a-f]{24}$/);
    expect(ann?.['password']).not.toBe(bob?.['password']);
    expect(JSON.stringify([...first.staff.values()])).not.toContain(ann?.['password']);
  });

  it('leaves what is there as it is', async () => {
    const documents = new MemoryDocuments();
    await documents.create(
      { accountId: ROOT, type: 'callflow' },
      { numbers: ['2600', '2601'], name: 'mine' },
    );
    await documents.create({ accountId: ROOT, type: 'user' }, { username: 'ann.demo', first_name: 'Anna' });

    await ensureDemoDirectory(documents);

    expect(documents.ofType('callflow')).toHaveLength(1);
    expect(documents.ofType('user').map(({ first_name: name }) => name)).toEqual(['Anna', 'Bob']);
    expect(documents.changes.filter((change) => change.startsWith('doc_edited'))).toEqual([]);
  });
});

describe('office work', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_763_700_000_000 }));
  afterEach(() => jest.useRealTimers());

  const FOREIGN = { name: "somebody's own", mailbox: '77' };

  it('never touches what others made, and leaves nothing behind', async () => {
    const documents = new MemoryDocuments();
    for (const type of ['media', 'vmbox', 'fax', 'faxbox', 'call_recording']) {
      await documents.create({ accountId: ROOT, type }, FOREIGN);
    }
    const other = await documents.createAccount(ROOT, { name: 'a customer', simulated_by: 'another-switch' });

    const simulator = await startSimulator({ documents });
    await simulator.pass(45 * 60_000);
    const stopping = simulator.source.stop();
    await simulator.pass(5_000);
    await stopping;

    const left = [...documents.stored.values()].map(({ shelf }) => shelf.type).sort();
    expect(left).toEqual(
      [
        ...['media', 'vmbox', 'fax', 'faxbox', 'call_recording'],
        ...['account', 'user', 'user', 'device', 'device', 'callflow'],
      ].sort(),
    );
    expect(documents.stored.has(other)).toBe(true);
    for (const { doc } of documents.stored.values()) {
      if (doc['name'] === FOREIGN.name) expect(doc).toEqual({ ...FOREIGN, id: doc.id });
    }
    expect(jest.getTimerCount()).toBe(0);
  });

  it('clears up what a killed run left behind', async () => {
    const documents = new MemoryDocuments();
    const killed = await startSimulator({ documents });
    await killed.pass(70_000);
    // Nothing of it can be removed any more, as if its process had been killed.
    const left = new Map(documents.stored);
    documents.failure = new Error('gone');
    const stopping = killed.source.stop();
    await killed.pass(10_000);
    await stopping;
    documents.failure = undefined;
    const marked = [...left.values()]
      .filter(({ doc }) => doc['simulated_by'] === 'sim')
      .map(({ doc }) => doc.id);
    expect(marked.length).toBeGreaterThan(0);
    const vmbox = await documents.create(
      { accountId: ROOT, type: 'vmbox' },
      { simulated_by: 'sim', simulated_run: 'earlier' },
    );
    const message = await documents.create(
      { accountId: ROOT, type: 'mailbox_message', parentId: vmbox },
      { simulated_by: 'sim', simulated_run: 'earlier' },
    );

    const next = await startSimulator({ documents });
    await next.pass(1_000);

    for (const id of [...marked, vmbox, message]) expect(documents.stored.has(id)).toBe(false);
    await next.source.stop();
  });

  it('does not take its own new documents for those of an earlier run', async () => {
    const documents = new MemoryDocuments();
    const gate = deferred();
    const list = documents.list.bind(documents);
    documents.list = async (shelf, filter) => {
      if (shelf.type === 'fax') await gate.promise;
      return list(shelf, filter);
    };
    const simulator = await startSimulator({ documents });
    await simulator.pass(60_000);
    const faxes = documents.ofType('fax').map(({ id }) => id);
    expect(faxes.length).toBeGreaterThan(0);

    gate.resolve();
    await simulator.pass(1_000);
    for (const id of faxes) expect(documents.stored.has(id)).toBe(true);
    await simulator.source.stop();
  });
});
