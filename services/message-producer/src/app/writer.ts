import { createHash } from 'node:crypto';
import type { RequestContext } from '@ringdown/broker';
import { AppError, isAppError, type Clock, canonicalJson } from '@ringdown/core';
import type { Stores, Transact } from '../ports';
import { UnitOfWork } from './unit-of-work';

/** What happens after a commit. */
export interface WriterEffects {
  /** The outbox has something new. */
  kick(): void;
  /** There is something to deliver. */
  deliver(): void;
}

/** How long answers are remembered. */
export const REMEMBER_MS = 24 * 60 * 60 * 1000;

/** Undoes a repetition. Seen outside only when the first answer is forgotten between the refusal and the look-up. */
class AlreadyAnswered extends AppError {
  constructor() {
    super('conflict', 'the request was answered before');
  }
}

/** Runs changes: data, events, deliveries and the remembered answer commit together or not at all. */
export class Writer {
  constructor(
    private readonly stores: Stores,
    private readonly transact: Transact,
    private readonly effects: WriterEffects,
    private readonly clock: Clock,
  ) {}

  /** A change nobody needs to recognise when it is repeated, because repeating it changes nothing. */
  async run<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    return this.commit(work, () => Promise.resolve());
  }

  /**
   * Applies a change once. A repetition under the same request id gets the first answer, also when the change could not
   * be made twice, and `replayed` says so. `asked` holds no secrets: the same id with something else is `conflict`.
   */
  async once<T>(
    { requestId }: Pick<RequestContext, 'requestId'>,
    asked: unknown,
    work: (unit: UnitOfWork) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly replayed: boolean }> {
    const fingerprint = createHash('sha256').update(canonicalJson(asked)).digest('base64url');
    try {
      const answer = await this.commit(work, async (stores, nowMs, result) => {
        const fresh = await stores.requests.remember(requestId, { fingerprint, answer: result }, nowMs);
        if (!fresh) throw new AlreadyAnswered();
      });
      return { answer, replayed: false };
    } catch (error) {
      // Also after any other refusal: the first attempt's own change may be what the second one collides with.
      const unavailable = isAppError(error) && error.code === 'unavailable';
      const earlier = unavailable ? undefined : await this.stores.requests.find(requestId);
      if (!earlier) throw error;
      if (earlier.fingerprint !== fingerprint) {
        throw new AppError('conflict', 'the request id was used for another request');
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
    if (unit.hasDeliveries) this.effects.deliver();
    return result;
  }
}
