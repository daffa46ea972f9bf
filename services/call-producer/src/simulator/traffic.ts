import { pause, Random } from '@ringdown/core';
import { conference } from './scenarios/conference';
import { answered, internal, longCall, missed, onHold, outgoing } from './scenarios/conversations';
import { fax } from './scenarios/fax';
import { parkedAndAbandoned, parkedAndRetrieved, parkedTooLong } from './scenarios/parking';
import type { Scenario } from './scenarios/scenario';
import { attendedTransfer, blindTransfer } from './scenarios/transfers';
import type { World } from './world';

/** Everything once, what tells the most first, so that every kind of event comes soon even when only one call fits. */
const FIRST_ROUND: readonly Scenario[] = [
  onHold,
  parkedAndRetrieved,
  conference,
  fax,
  parkedAndAbandoned,
  missed,
  internal,
  attendedTransfer,
  blindTransfer,
  outgoing,
  parkedTooLong,
];

/** An ordinary day: the more often it is listed, the more often it happens. */
const ORDINARY: readonly Scenario[] = [
  answered,
  answered,
  answered,
  internal,
  internal,
  outgoing,
  outgoing,
  missed,
  onHold,
  onHold,
  parkedAndRetrieved,
  parkedAndAbandoned,
  parkedTooLong,
  blindTransfer,
  attendedTransfer,
  conference,
  fax,
];

/** Between two calls, with room for this many; with room for more they come faster. */
const PAUSE_MS = { low: 2_000, high: 6_000 };
const UNHURRIED_CALLS = 8;
/** While no call fits. */
const FULL_PAUSE_MS = 1_000;

/** Starts one scenario after the other, as long as there is room for their calls. */
export class Traffic {
  private readonly ended = new AbortController();
  private running: Promise<unknown> = Promise.resolve();
  private round = 0;
  private promised = 0;
  /**
   * Long calls that are always there: two, so that one of them has talked for a while and goes on when somebody ended the
   * other. With little room fewer, or none would be left for everything else.
   */
  private readonly kept: number;
  private readonly haste: number;

  constructor(
    private readonly world: World,
    private readonly random: Random,
    private readonly maxCalls: number,
  ) {
    this.kept = maxCalls < 2 ? 0 : maxCalls < UNHURRIED_CALLS ? 1 : 2;
    this.haste = Math.max(1, maxCalls / UNHURRIED_CALLS);
  }

  start(): void {
    const kept = Array.from({ length: this.kept }, () => this.keepLongCall());
    this.running = Promise.all([...kept, this.playScenarios()]);
  }

  async stop(): Promise<void> {
    this.ended.abort();
    await this.running;
  }

  private async keepLongCall(): Promise<void> {
    const { signal } = this.ended;
    const random = this.branch();
    while (!signal.aborted) {
      // Its room is kept for it, but a command may have taken the one before out of it.
      if (this.room() < 0) await pause(FULL_PAUSE_MS, signal);
      else await this.world.stories.tell('traffic', (story) => longCall.play(this.world, story, random, 1));
      await pause(500, signal);
    }
  }

  private async playScenarios(): Promise<void> {
    const { signal } = this.ended;
    let next = this.nextScenario();
    while (!signal.aborted) {
      const wanted = Math.min(next.calls ?? 1, this.maxCalls - this.kept);
      if (this.room() < wanted) {
        await pause(FULL_PAUSE_MS, signal);
        continue;
      }
      void this.play(next, this.branch(), wanted);
      next = this.nextScenario();
      await pause(this.random.between(PAUSE_MS.low, PAUSE_MS.high) / this.haste, signal);
    }
  }

  private async play(scenario: Scenario, random: Random, calls: number): Promise<void> {
    this.promised += calls;
    await this.world.stories.tell('traffic', (story) => scenario.play(this.world, story, random, calls));
    this.promised -= calls;
  }

  /** Beside what was promised to scenarios, commands may have taken calls out of theirs. */
  private room(): number {
    return this.maxCalls - this.kept - this.promised - this.world.stories.commandedCalls;
  }

  /** Chance of its own for each scenario: the order of their turns must not change what they do. */
  private branch(): Random {
    return new Random(this.random.between(0, 0xffff_ffff));
  }

  private nextScenario(): Scenario {
    return FIRST_ROUND[this.round++] ?? this.random.pick(ORDINARY);
  }
}
