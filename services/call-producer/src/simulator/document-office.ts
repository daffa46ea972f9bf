import type { PublicDocument } from '@ringdown/contracts';
import { newId, toGregorianSeconds, withDeadline, type Clock, type Logger } from '@ringdown/core';
import { settleQuietly, type Marks } from './marker';
import type { Documents, Shelf } from './documents';
import type { FaxSent, MessageLeft, Office } from './office';
import type { RecordingMade } from './simulated-switch';

/** Sounds that come with the simulated switch. */
const SOUNDS: ReadonlySet<string> = new Set([
  'beep',
  'demo-congrats',
  'hello-world',
  'hold_music',
  'moh',
  'tt-monkeys',
  'welcome',
]);

/** Nobody waits longer for a document than a caller for a tone. */
const LOOKUP_TIMEOUT_MS = 1_000;
/** Newest documents of one kind that are kept. */
const KEPT = 3;
/** Work that waits for object-producer; what comes on top is not written down. */
const MAX_PENDING = 20;

interface Kept {
  readonly shelf: Shelf;
  readonly id: string;
}

export interface OfficeParts {
  readonly documents: Documents;
  readonly accountId: string;
  readonly marks: Marks;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Writes down what calls leave behind, keeps the newest few of a kind, and removes the rest. */
export class DocumentOffice implements Office {
  private readonly kept = new Map<string, Kept[]>();
  private readonly pending = new Set<Promise<void>>();
  private voicemail: Promise<string> | undefined;
  private stopped = false;

  constructor(private readonly parts: OfficeParts) {}

  async openFax(fax: FaxSent): Promise<string> {
    const shelf = this.shelf('fax');
    try {
      return await withDeadline(
        this.parts.documents.create(shelf, {
          ...this.parts.marks,
          from_name: fax.fromName,
          from_number: fax.fromNumber,
          to_name: fax.toName,
          to_number: fax.toNumber,
          folder: fax.direction === 'incoming' ? 'inbox' : 'outbox',
          status: 'processing',
          attempts: 1,
          retries: 1,
        }),
        LOOKUP_TIMEOUT_MS,
        'writing a fax down',
      );
    } catch {
      // The fax is transmitted all the same; only its document is missing.
      return newId();
    }
  }

  closeFax(faxId: string, status: string): void {
    const shelf = this.shelf('fax');
    this.work(async () => {
      await this.parts.documents.merge(shelf, faxId, { status });
      await this.keep({ shelf, id: faxId });
    });
  }

  leaveMessage(message: MessageLeft): void {
    this.work(async () => {
      const parentId = await (this.voicemail ??= this.makeVoicemail());
      const shelf = { ...this.shelf('mailbox_message'), parentId };
      await this.add(shelf, {
        folder: 'new',
        caller_id_name: message.callerName,
        caller_id_number: message.callerNumber,
        from: message.callerNumber,
        to: message.toNumber,
        call_id: message.callId,
        length: message.seconds * 1_000,
        timestamp: toGregorianSeconds(this.parts.clock()),
      });
    });
  }

  keepRecording({ channel, fromMs, toMs }: RecordingMade): void {
    this.work(() =>
      this.add(this.shelf('call_recording'), {
        name: `${channel.caller.number} to ${channel.callee.number}`,
        call_id: channel.callId,
        interaction_id: channel.interactionId,
        caller_id_name: channel.caller.name,
        caller_id_number: channel.caller.number,
        callee_id_name: channel.callee.name,
        callee_id_number: channel.callee.number,
        direction: channel.plan.direction,
        duration: Math.round((toMs - fromMs) / 1_000),
        duration_ms: toMs - fromMs,
        media_type: 'mp3',
        start: toGregorianSeconds(fromMs),
        ...(channel.device?.ownerId === undefined ? {} : { owner_id: channel.device.ownerId }),
      }),
    );
  }

  async hasMedia(id: string): Promise<boolean> {
    if (SOUNDS.has(id)) return true;
    return (await this.lookUp(() => this.parts.documents.get(this.shelf('media'), id))) !== undefined;
  }

  async hasNumber(number: string): Promise<boolean> {
    const callflows = await this.lookUp(() => this.parts.documents.list(this.shelf('callflow'), {}));
    return (callflows ?? []).some(({ numbers }: PublicDocument) =>
      Array.isArray(numbers) ? numbers.includes(number) : false,
    );
  }

  /** Removes what is kept, as far as object-producer answers. */
  async stop(): Promise<void> {
    this.stopped = true;
    await settleQuietly(Promise.all(this.pending));
    const all = [...this.kept.values()].flat();
    const removeAll = Promise.all(all.map(({ shelf, id }) => this.parts.documents.remove(shelf, id)));
    await settleQuietly(removeAll);
    const { voicemail } = this;
    if (voicemail !== undefined) {
      await settleQuietly(voicemail.then((id) => this.parts.documents.remove(this.shelf('vmbox'), id)));
    }
  }

  private shelf(type: string): Shelf {
    return { accountId: this.parts.accountId, type };
  }

  private work(task: () => Promise<void>): void {
    if (this.stopped || this.pending.size >= MAX_PENDING) return;
    const done: Promise<void> = task()
      .catch((error: unknown) => this.parts.logger.debug('something was not written down', { error }))
      .finally(() => this.pending.delete(done));
    this.pending.add(done);
  }

  private async add(shelf: Shelf, data: Readonly<Record<string, unknown>>): Promise<void> {
    const id = await this.parts.documents.create(shelf, { ...data, ...this.parts.marks });
    await this.keep({ shelf, id });
  }

  private async keep(document: Kept): Promise<void> {
    const kept = this.kept.get(document.shelf.type) ?? [];
    this.kept.set(document.shelf.type, kept);
    kept.push(document);
    const old = kept.length > KEPT ? kept.shift() : undefined;
    if (old !== undefined) await this.parts.documents.remove(old.shelf, old.id);
  }

  private makeVoicemail(): Promise<string> {
    const made = this.parts.documents.create(this.shelf('vmbox'), {
      ...this.parts.marks,
      name: 'Front desk',
      mailbox: '1000',
    });
    made.catch(() => {
      this.voicemail = undefined;
    });
    return made;
  }

  private async lookUp<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await withDeadline(ask(), LOOKUP_TIMEOUT_MS, 'looking a document up');
    } catch {
      return undefined;
    }
  }
}
