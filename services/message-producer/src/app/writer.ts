import type { Clock } from '@ringdown/core';
import { RequestWriter, type Transact } from '@ringdown/database';
import type { Stores } from '../ports';
import { UnitOfWork } from './unit-of-work';

/** Runs changes: data, events, deliveries and the remembered answer commit together or not at all. */
export type Writer = RequestWriter<Stores, UnitOfWork>;

/** What happens after a commit. */
export interface WriterEffects {
  /** The outbox has something new. */
  kick(): void;
  /** There is something to deliver. */
  deliver(): void;
}

export function createWriter(
  stores: Stores,
  transact: Transact<Stores>,
  effects: WriterEffects,
  clock: Clock,
): Writer {
  return new RequestWriter<Stores, UnitOfWork>({
    stores,
    transact,
    begin: (inside, nowMs) => new UnitOfWork(inside, nowMs),
    kick: () => effects.kick(),
    committed: ({ hasDeliveries }) => {
      if (hasDeliveries) effects.deliver();
    },
    clock,
  });
}
