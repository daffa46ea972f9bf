import { messageOf, type Clock, type Logger } from '@ringdown/core';
import { RequestWriter, type Transact } from '@ringdown/database';
import type { Stores } from '../ports';
import { UnitOfWork, type Announcement } from './unit-of-work';

/** Runs changes: data, events, announcements and the remembered answer commit together or not at all. */
export type Writer = RequestWriter<Stores, UnitOfWork>;

/** What happens after a commit. */
export interface WriterEffects {
  /** The outbox has something new. */
  kick(): void;
  /** The short way to every process, beside the outbox; may fail. */
  announce(announcement: Announcement): Promise<void>;
}

export function createWriter(
  stores: Stores,
  transact: Transact<Stores>,
  effects: WriterEffects,
  clock: Clock,
  logger: Logger,
): Writer {
  return new RequestWriter<Stores, UnitOfWork>({
    stores,
    transact,
    begin: (inside, nowMs) => new UnitOfWork(inside, nowMs),
    kick: () => effects.kick(),
    committed: ({ announcements }) => {
      for (const announcement of announcements) {
        effects.announce(announcement).catch((error: unknown) =>
          logger.debug('announced through the outbox only', {
            name: announcement.name,
            reason: messageOf(error),
          }),
        );
      }
    },
    clock,
  });
}
