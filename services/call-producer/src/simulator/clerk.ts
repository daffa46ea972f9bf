import { randomHex, messageOf, pause, type Logger, type Random } from '@ringdown/core';
import { settleQuietly, type Marks } from './marker';
import type { Documents, Shelf } from './documents';

export interface ClerkParts {
  readonly documents: Documents;
  readonly accountId: string;
  readonly marks: Marks;
  readonly random: Random;
  readonly logger: Logger;
}

/** A document's life: made, changed once, removed. */
interface Errand {
  readonly type: string;
  readonly data: () => Readonly<Record<string, unknown>>;
  readonly change: Readonly<Record<string, unknown>>;
  /** Made, changed and removed while this one is there. */
  readonly within?: Errand;
}

const name = (prefix: string): string => `${prefix} ${randomHex(4)}`;

/** Every type of document that is announced. */
const ERRANDS: readonly Errand[] = [
  {
    type: 'user',
    data: () => ({ first_name: 'Temporary', last_name: 'Colleague', username: `temp-${randomHex(8)}` }),
    change: { last_name: 'Helper' },
  },
  {
    type: 'device',
    data: () => ({ name: name('Spare phone'), device_type: 'softphone' }),
    change: { enabled: false },
  },
  { type: 'callflow', data: () => ({ name: name('Night service') }), change: { name: 'Day service' } },
  {
    type: 'vmbox',
    data: () => ({ name: name('Project'), mailbox: `9${randomHex(6)}` }),
    change: { timezone: 'Europe/Paris' },
    within: {
      type: 'mailbox_message',
      data: () => ({ folder: 'new', caller_id_name: 'Grace Lindqvist', caller_id_number: '+15550116' }),
      change: { folder: 'saved' },
    },
  },
  {
    type: 'faxbox',
    data: () => ({ name: name('Invoices'), caller_id: '+15550109' }),
    change: { retries: 2 },
  },
  {
    type: 'fax',
    data: () => ({ to_number: '+15550117', to_name: 'Hiro Tanaka', status: 'pending', attempts: 0 }),
    change: { status: 'completed', attempts: 1 },
  },
  {
    type: 'media',
    data: () => ({ name: name('Greeting'), media_source: 'upload', language: 'en-us' }),
    change: { description: 'Played outside of office hours' },
  },
  {
    type: 'call_recording',
    data: () => ({ name: name('Recording'), direction: 'inbound', duration: 42, media_type: 'mp3' }),
    change: { name: 'Recording, reviewed' },
  },
  { type: 'account', data: () => ({ name: `Branch ${randomHex(12)}` }), change: { language: 'fr-fr' } },
];

/** Types that are removed before what they live in, and the others, each by its own mark. */
const OWN_TYPES = ['user', 'device', 'callflow', 'faxbox', 'fax', 'media', 'call_recording'] as const;

/** At first quickly, so that every kind of change can be seen soon; then as an office works. */
const FIRST_STEP_MS = 2_000;
const STEP_MS = { low: 15_000, high: 45_000 };

/** Does office work on documents of its own, and none that somebody else made. */
export class Clerk {
  private readonly ended = new AbortController();
  private readonly open = new Set<() => Promise<void>>();
  private running: Promise<void> = Promise.resolve();
  private firstRound = true;

  constructor(private readonly parts: ClerkParts) {}

  start(): void {
    this.running = this.work();
  }

  /** Ends the work and removes what is under way, as far as object-producer answers. */
  async stop(): Promise<void> {
    this.ended.abort();
    await settleQuietly(this.running);
    // What lives in something else is younger, and goes first.
    await settleQuietly(
      (async () => {
        for (const remove of [...this.open].reverse()) await remove();
      })(),
    );
  }

  private async work(): Promise<void> {
    const { signal } = this.ended;
    await this.attempt('clearing up after an earlier run', () => this.clearUp());
    while (!signal.aborted) {
      for (const errand of ERRANDS) {
        if (signal.aborted) return;
        await this.attempt(`a ${errand.type}`, () => this.run(errand));
        await this.step();
      }
      this.firstRound = false;
    }
  }

  private async attempt(what: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.parts.logger.debug(`office work failed: ${what}`, { reason: messageOf(error) });
    }
  }

  private async run(errand: Errand, parentId?: string): Promise<void> {
    const { documents, accountId, marks } = this.parts;
    const data = { ...errand.data(), ...marks };
    const isAccount = errand.type === 'account';
    const shelf: Shelf = { accountId, type: errand.type, ...(parentId === undefined ? {} : { parentId }) };
    const id = isAccount
      ? await documents.createAccount(accountId, data)
      : await documents.create(shelf, data);
    // An account is a document of its own.
    const place = isAccount ? { ...shelf, accountId: id } : shelf;
    const remove = async (): Promise<void> => {
      this.open.delete(remove);
      await documents.remove(place, id);
    };
    this.open.add(remove);
    if (!(await this.step())) return;
    await documents.merge(place, id, errand.change);
    if (!(await this.step())) return;
    const inner = errand.within;
    if (inner !== undefined) await this.attempt(`a ${inner.type}`, () => this.run(inner, id));
    if (this.ended.signal.aborted) return;
    await remove();
  }

  /** False when the work has ended. */
  private async step(): Promise<boolean> {
    const { random } = this.parts;
    await pause(
      this.firstRound ? FIRST_STEP_MS : random.between(STEP_MS.low, STEP_MS.high),
      this.ended.signal,
    );
    return !this.ended.signal.aborted;
  }

  /** Removes what an earlier run of this switch left behind. */
  private async clearUp(): Promise<void> {
    const { documents, accountId, marks } = this.parts;
    const filter = { simulated_by: marks.simulated_by };
    const leftBehind = async (shelf: Shelf): Promise<readonly string[]> => {
      const found = await documents.list(shelf, filter);
      return found.filter((doc) => doc['simulated_run'] !== marks.simulated_run).map(({ id }) => id);
    };
    const removeFrom = async (shelf: Shelf): Promise<void> => {
      for (const id of await leftBehind(shelf)) {
        await this.attempt(`removing a ${shelf.type}`, () => documents.remove(shelf, id));
      }
    };
    const vmboxes = { accountId, type: 'vmbox' };
    for (const parentId of await leftBehind(vmboxes)) {
      await removeFrom({ accountId, type: 'mailbox_message', parentId });
    }
    await removeFrom(vmboxes);
    for (const type of OWN_TYPES) await removeFrom({ accountId, type });
    for (const { id } of await documents.listAccounts(accountId, filter)) {
      await this.attempt('removing an account', () =>
        documents.remove({ accountId: id, type: 'account' }, id),
      );
    }
  }
}
