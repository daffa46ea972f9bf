import { AppError, silentLogger } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { Performance } from './performance';
import type { Action, Scene } from './scenes';
import type { Stage } from './stage';

const CLOSE: Action = { kind: 'close' };
const REOPEN: Action = { kind: 'reopen' };
const SCENE: Scene = {
  pauseMs: 1_000,
  beats: [
    { pauseMs: 0, action: CLOSE },
    { pauseMs: 20, action: REOPEN },
  ],
};

/** Plays without waiting; what would have been waited is written down. */
class Rehearsal {
  readonly pauses: number[] = [];
  readonly performed: { readonly action: Action; readonly requestId: string }[] = [];
  prepared = 0;
  /** What goes wrong, next first. */
  readonly troubles: { readonly at: 'prepare' | Action['kind']; readonly error: unknown }[] = [];
  readonly performance: Performance;

  constructor() {
    const stage: Stage = {
      prepare: () => {
        this.stumble('prepare');
        this.prepared += 1;
        return Promise.resolve();
      },
      perform: (action, requestId) => {
        this.performed.push({ action, requestId });
        this.stumble(action.kind);
        return Promise.resolve();
      },
    };
    this.performance = new Performance({
      stage,
      scenes: { next: () => SCENE },
      logger: silentLogger,
      pause: async (ms) => {
        this.pauses.push(ms);
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
  }

  async until(condition: () => boolean): Promise<void> {
    await this.performance.start();
    await waitUntil(condition, { intervalMs: 1 });
    await this.performance.stop();
  }

  private stumble(at: 'prepare' | Action['kind']): void {
    if (this.troubles[0]?.at === at) throw this.troubles.shift()!.error;
  }
}

const kinds = ({ performed }: Rehearsal): string[] => performed.map(({ action }) => action.kind);

describe('a performance', () => {
  it('plays one scene after the other, in its beat, on a stage that was prepared', async () => {
    const rehearsal = new Rehearsal();
    await rehearsal.until(() => rehearsal.performed.length >= 4);

    expect(kinds(rehearsal).slice(0, 4)).toEqual(['close', 'reopen', 'close', 'reopen']);
    expect(rehearsal.pauses.slice(0, 4)).toEqual([1_000, 20, 1_000, 20]);
    expect(rehearsal.prepared).toBeGreaterThanOrEqual(2);
    expect(new Set(rehearsal.performed.map(({ requestId }) => requestId)).size).toBe(
      rehearsal.performed.length,
    );
  });

  it('waits for an outage ever more patiently, and does then what it was about to do, once', async () => {
    const rehearsal = new Rehearsal();
    for (let n = 0; n < 12; n += 1) {
      const error = new AppError(n % 2 ? 'timeout' : 'unavailable', 'away');
      rehearsal.troubles.push({ at: 'close', error });
    }
    await rehearsal.until(() => kinds(rehearsal).includes('reopen'));

    const tries = rehearsal.performed.filter(({ action }) => action === CLOSE).slice(0, 13);
    expect(new Set(tries.map(({ requestId }) => requestId)).size).toBe(1);
    const waited = rehearsal.pauses.slice(1, 13);
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(100);
    expect(waited.slice(-4).every((ms) => ms >= 5_000 && ms <= 10_000)).toBe(true);
  });

  it.each([new AppError('forbidden', 'the channel is disconnected'), new Error('a surprise')])(
    'leaves a scene out that fails otherwise, and is not in haste about the next one (%s)',
    async (error) => {
      const rehearsal = new Rehearsal();
      rehearsal.troubles.push({ at: 'close', error });
      rehearsal.troubles.push({ at: 'prepare', error });
      await rehearsal.until(() => kinds(rehearsal).includes('reopen'));

      expect(kinds(rehearsal).slice(0, 3)).toEqual(['close', 'close', 'reopen']);
      expect(rehearsal.pauses.slice(0, 4)).toEqual([1_000, 1_000, 1_000, 20]);
    },
  );

  it('has nothing under way when it has stopped', async () => {
    const rehearsal = new Rehearsal();
    await rehearsal.until(() => rehearsal.performed.length >= 1);
    const { length } = rehearsal.performed;
    await new Promise((resolve) => setImmediate(resolve));

    expect(rehearsal.performed).toHaveLength(length);
  });

  it('stops while it waits for somebody who does not come', async () => {
    const rehearsal = new Rehearsal();
    const away = { at: 'prepare' as const, error: new AppError('unavailable', 'away') };
    rehearsal.troubles.push(...Array.from({ length: 10_000 }, () => away));
    await rehearsal.until(() => rehearsal.pauses.length > 3);

    expect(rehearsal.performed).toEqual([]);
  });
});
