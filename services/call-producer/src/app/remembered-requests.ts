import type { Clock } from '@ringdown/core';

interface Remembered<T> {
  readonly answer: Promise<T>;
  readonly until: number;
}

const REMEMBER_MS = 2 * 60_000;
const MAX_REMEMBERED = 10_000;

/**
 * Commands by request id, so that a request that is sent again (its answer was lost) acts once and gets the first answer.
 * Much longer than anybody waits for an answer, and bounded: the oldest go first.
 */
export class RememberedRequests<T> {
  private readonly answers = new Map<string, Remembered<T>>();

  constructor(private readonly clock: Clock) {}

  once(requestId: string, act: () => Promise<T>): Promise<T> {
    const now = this.clock();
    this.forget(now);
    const before = this.answers.get(requestId);
    if (before !== undefined) return before.answer;
    const answer = act();
    answer.catch(() => undefined);
    this.answers.set(requestId, { answer, until: now + REMEMBER_MS });
    return answer;
  }

  private forget(now: number): void {
    for (const [id, { until }] of this.answers) {
      if (until > now && this.answers.size <= MAX_REMEMBERED) return;
      this.answers.delete(id);
    }
  }
}
