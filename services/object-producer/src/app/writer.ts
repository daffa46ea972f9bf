import { createHash } from 'node:crypto';
import { AppError, isAppError, messageOf, type Clock, type Logger, canonicalJson } from '@ringdown/core';
import type { RememberedAnswer, Stores, Transact } from '../ports';
import { UnitOfWork, type Announcement } from './unit-of-work';

/** By what a repetition of a request is recognised. */
export interface WriteIdentity {
  /** The same for a retry that the sender did not decide about, for example after a lost answer. */
  readonly requestId: string | undefined;
  /** The client's own `Idempotency-Key`, with what it is unique for. */
  readonly idempotency?: { readonly scope: string; readonly key: string } | undefined;
  /** What was asked, without secrets: the same key with something else is an error. */
  readonly asked: unknown;
}

/** What happens after a commit. */
export interface WriterEffects {
  /** The outbox has something new. */
  kick(): void;
  /** The short way to every process, beside the outbox; may fail. */
  announce(announcement: Announcement): Promise<void>;
}

/** How long answers are remembered. */
export const REMEMBER_MS = 24 * 60 * 60 * 1000;

/** Undoes a repetition. Seen outside only when the first answer is forgotten between the refusal and the look-up. */
class AlreadyAnswered extends AppError {
  constructor() {
    super('conflict', 'the request was answered before');
  }
}

/** Runs changes: data, events, announcements and the remembered answer commit together or not at all. */
export class Writer {
  constructor(
    private readonly stores: Stores,
    private readonly transact: Transact,
    private readonly effects: WriterEffects,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** A change nobody needs to recognise when it is repeated, because repeating it changes nothing. */
  async run<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.commit(work, () => Promise.resolve());
  }

  /**
   * Applies a change once. A repetition gets the first answer, also when the change could not be made twice. Errors:
   * those of `work`; `conflict` when an idempotency key comes with another request.
   */
  async once<T>(identity: WriteIdentity, work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return (await this.onceOrReplay(identity, work)).answer;
  }

  /** The same, and says whether the answer is an earlier one. */
  async onceOrReplay<T>(
    identity: WriteIdentity,
    work: (unit: UnitOfWork) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly replayed: boolean }> {
    const keys = keysOf(identity);
    const fingerprint = createHash('sha256').update(canonicalJson(identity.asked)).digest('base64url');
    try {
      const answer = await this.commit(work, async (stores, nowMs, result) => {
        const fresh = await stores.requests.remember(
          keys,
          { fingerprint, answer: result },
          nowMs,
          nowMs - REMEMBER_MS,
        );
        if (!fresh) throw new AlreadyAnswered();
      });
      return { answer, replayed: false };
    } catch (error) {
      // Also after any other refusal: the first attempt's own change may be what the second one collides with.
      const earlier = isAppError(error) && error.code === 'unavailable' ? undefined : await this.find(keys);
      if (!earlier) throw error;
      if (earlier.fingerprint !== fingerprint) {
        throw new AppError('conflict', 'the idempotency key was used for another request');
      }
      return { answer: earlier.answer as T, replayed: true };
    }
  }

  private async commit<T>(
    work: (unit: UnitOfWork) => Promise<T>,
    finish: (stores: Stores, nowMs: number, result: T) => Promise<void>,
  ): Promise<T> {
    const { result, unit } = await this.transact(async (stores, enqueue) => {
      const unit = new UnitOfWork(stores, this.clock());
      const result = await work(unit);
      await enqueue(unit.outbox, unit.nowMs);
      await finish(stores, unit.nowMs, result);
      return { result, unit };
    });
    if (unit.outbox.length > 0) this.effects.kick();
    for (const announcement of unit.announcements) {
      this.effects.announce(announcement).catch((error: unknown) =>
        this.logger.debug('announced through the outbox only', {
          name: announcement.name,
          reason: messageOf(error),
        }),
      );
    }
    return result;
  }

  private find(keys: readonly string[]): Promise<RememberedAnswer | undefined> {
    return this.stores.requests.find(keys, this.clock() - REMEMBER_MS);
  }
}

/** The client's own key first: it is the one whose misuse must be noticed. */
function keysOf({ requestId, idempotency }: WriteIdentity): string[] {
  return [
    ...(idempotency === undefined ? [] : [`key:${idempotency.scope}:${idempotency.key}`]),
    ...(requestId === undefined ? [] : [`request:${requestId}`]),
  ];
}
