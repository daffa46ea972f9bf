import {
  backoffMs,
  isAppError,
  memoised,
  messageOf,
  newId,
  pause,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import type { Scene } from './scenes';
import type { Stage } from './stage';

const RETRY = { initialMs: 200, maxMs: 10_000 };

export interface PerformanceParts {
  readonly stage: Stage;
  readonly scenes: { next(): Scene };
  readonly logger: Logger;
  /** Default: that of the clock on the wall. */
  readonly pause?: typeof pause;
}

/** Plays scene after scene until it is stopped. An outage is waited for; a scene that fails otherwise is left out. */
export class Performance implements Lifecycle {
  private readonly ended = new AbortController();
  private readonly pause: typeof pause;
  private loop: Promise<void> | undefined;

  constructor(private readonly parts: PerformanceParts) {
    this.pause = parts.pause ?? pause;
  }

  readonly start = memoised(() => {
    this.loop = this.run();
    return Promise.resolve();
  });

  /** Resolves when nothing is under way any more. */
  readonly stop = memoised(async () => {
    this.ended.abort();
    await this.loop;
  });

  private async run(): Promise<void> {
    const { stage, scenes } = this.parts;
    while (!this.ended.signal.aborted) {
      const scene = scenes.next();
      await this.pause(scene.pauseMs, this.ended.signal);
      if (await this.insist(() => stage.prepare())) await this.play(scene);
    }
  }

  private async play(scene: Scene): Promise<void> {
    for (const { pauseMs, action } of scene.beats) {
      if (pauseMs > 0) await this.pause(pauseMs, this.ended.signal);
      const requestId = newId();
      if (!(await this.insist(() => this.parts.stage.perform(action, requestId)))) return;
    }
  }

  /** False when it did not happen. */
  private async insist(work: () => Promise<void>): Promise<boolean> {
    const { signal } = this.ended;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await work();
        return true;
      } catch (error) {
        this.parts.logger.debug('a made-up conversation is held up', { reason: messageOf(error) });
        if (!isAppError(error) || !['unavailable', 'timeout'].includes(error.code)) return false;
        await this.pause(backoffMs(failures, RETRY), signal);
      }
    }
    return false;
  }
}
