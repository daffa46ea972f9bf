import type { Broker, Claim } from '@ringdown/broker';
import { memoised, type Lifecycle, type Logger } from '@ringdown/core';
import type { Performance } from './performance';

/** The name that one process of all holds. */
const CLAIM = 'simulator';

export interface DemoConversationsParts {
  readonly broker: Pick<Broker, 'claim'>;
  readonly performance: () => Pick<Performance, 'start' | 'stop'>;
  readonly logger: Logger;
}

/** Has the performance played while this process holds the name, and by one process at a time. */
export class DemoConversations implements Lifecycle {
  private claim: Claim | undefined;
  private playing: Pick<Performance, 'start' | 'stop'> | undefined;
  /** Everything that began and ended so far, in order. */
  private turns: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(private readonly parts: DemoConversationsParts) {}

  readonly start = memoised(async () => {
    const { broker, logger } = this.parts;
    this.claim = await broker.claim(CLAIM, [], {
      onHeld: () => {
        logger.info('conversations are made up by this instance');
        this.turn(() => this.begin());
      },
      onLost: () => this.turn(() => this.end()),
    });
    if (this.stopping) await this.claim.close();
    else if (!this.claim.held) logger.info('standing by: another instance makes up conversations');
  });

  readonly stop = memoised(async () => {
    this.stopping = true;
    this.turn(() => this.end());
    await this.turns;
    await this.claim?.close();
  });

  private turn(work: () => Promise<void>): void {
    this.turns = this.turns.then(work);
  }

  private async begin(): Promise<void> {
    if (this.stopping) return;
    this.playing ??= this.parts.performance();
    await this.playing.start();
  }

  private async end(): Promise<void> {
    const { playing } = this;
    this.playing = undefined;
    await playing?.stop();
  }
}
