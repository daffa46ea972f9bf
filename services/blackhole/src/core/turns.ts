import { AppError } from '@ringdown/core';

interface Waiter {
  enter(): void;
  readonly timer: NodeJS.Timeout;
}

/** Lets a few in at a time, in the order they came; whoever waits too long is turned away. */
export class Turns {
  private inside = 0;
  private readonly line = new Set<Waiter>();

  constructor(
    private readonly atOnce: number,
    private readonly patienceMs: number,
  ) {}

  /** Runs `work` when it is its turn. Error: `timeout`, and whatever the work throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.inside < this.atOnce) this.inside += 1;
    // A turn is handed on, never given back while somebody waits, so nobody can slip in between.
    else await this.wait();
    try {
      return await work();
    } finally {
      const [next] = this.line;
      if (next === undefined) this.inside -= 1;
      else next.enter();
    }
  }

  private wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: () => {
          this.line.delete(waiter);
          clearTimeout(waiter.timer);
          resolve();
        },
        timer: setTimeout(() => {
          this.line.delete(waiter);
          reject(new AppError('timeout', `no turn within ${this.patienceMs} ms`));
        }, this.patienceMs),
      };
      this.line.add(waiter);
    });
  }
}
