import { createHash } from 'node:crypto';
import { AppError, canonicalJson, isAppError, type Clock } from '@ringdown/core';
import type { OutboxEntry } from '../outbox/enqueue';
import type { RequestStore } from './request-store';
import type { Transact } from './transact';

/** By what a repetition of a request is recognised. */
export interface WriteIdentity {
  /**
   * Request ids and idempotency keys, told apart by whoever makes them. The one whose misuse must be noticed comes first.
   * Without any, nothing is remembered.
   */
  readonly keys: readonly string[];
  /** What was asked, without secrets: the same key with something else is an error. */
  readonly asked: unknown;
}

/** One transaction: what a service does its changes with, and what they will have to tell when it commits. */
export interface WriteUnit {
  /** Unix milliseconds; the same throughout the transaction. */
  readonly nowMs: number;
  readonly outbox: readonly OutboxEntry[];
}

export interface RequestWriterParts<
  Stores extends { readonly requests: RequestStore },
  Unit extends WriteUnit,
> {
  /** Outside of transactions. */
  readonly stores: Stores;
  readonly transact: Transact<Stores>;
  readonly begin: (stores: Stores, nowMs: number) => Unit;
  /** Called after a commit that put something into the outbox. */
  readonly kick: () => void;
  /** Called after every commit. Must not throw. */
  readonly committed?: (unit: Unit) => void;
  readonly clock: Clock;
}

/** Undoes a repetition. Seen outside only when the first answer is forgotten between the refusal and the look-up. */
class AlreadyAnswered extends AppError {
  constructor() {
    super('conflict', 'the request was answered before');
  }
}

/** Runs changes: data, events and the remembered answer commit together or not at all. */
export class RequestWriter<Stores extends { readonly requests: RequestStore }, Unit extends WriteUnit> {
  constructor(private readonly parts: RequestWriterParts<Stores, Unit>) {}

  /** A change nobody needs to recognise when it is repeated, because repeating it changes nothing. */
  async run<T>(work: (unit: Unit) => Promise<T>): Promise<T> {
    return this.commit(work, () => Promise.resolve());
  }

  /**
   * Applies a change once. A repetition gets the first answer, also when the change could not be made twice. Errors:
   * those of `work`; `conflict` when one of the keys came with another request.
   */
  async once<T>(identity: WriteIdentity, work: (unit: Unit) => Promise<T>): Promise<T> {
    return (await this.onceOrReplay(identity, work)).answer;
  }

  /** The same, and says whether the answer is an earlier one. */
  async onceOrReplay<T>(
    { keys, asked }: WriteIdentity,
    work: (unit: Unit) => Promise<T>,
  ): Promise<{ readonly answer: T; readonly replayed: boolean }> {
    const { stores, clock } = this.parts;
    const fingerprint = createHash('sha256').update(canonicalJson(asked)).digest('base64url');
    try {
      const answer = await this.commit(work, async ({ requests }, nowMs, result) => {
        if (!(await requests.remember(keys, { fingerprint, answer: result }, nowMs))) {
          throw new AlreadyAnswered();
        }
      });
      return { answer, replayed: false };
    } catch (error) {
      // Also after any other refusal: the first attempt's own change may be what the second one collides with.
      const unavailable = isAppError(error) && error.code === 'unavailable';
      const earlier = unavailable ? undefined : await stores.requests.find(keys, clock());
      if (!earlier) throw error;
      if (earlier.fingerprint !== fingerprint) {
        throw new AppError('conflict', 'the idempotency key or request id was used for another request');
      }
      return { answer: earlier.answer as T, replayed: true };
    }
  }

  private async commit<T>(
    work: (unit: Unit) => Promise<T>,
    finish: (stores: Stores, nowMs: number, result: T) => Promise<void>,
  ): Promise<T> {
    const { transact, begin, clock, kick, committed } = this.parts;
    const { result, unit } = await transact(async (stores, enqueue) => {
      const unit = begin(stores, clock());
      const result = await work(unit);
      await enqueue(unit.outbox, unit.nowMs);
      await finish(stores, unit.nowMs, result);
      return { result, unit };
    });
    if (unit.outbox.length > 0) kick();
    committed?.(unit);
    return result;
  }
}
