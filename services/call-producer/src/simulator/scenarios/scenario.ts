import type { Random } from '@ringdown/core';
import type { Story } from '../stories';
import type { World } from '../world';

/** One kind of thing that happens on the phone. Takes at most a minute or so, conversations of people apart. */
export interface Scenario {
  readonly name: string;
  /** Conversations at the same time, at most; it makes do with fewer (one at least). */
  readonly calls?: number;
  play(world: World, story: Story, random: Random, calls: number): Promise<void>;
}

export const seconds = (count: number): number => count * 1_000;

/** How long a phone rings before somebody takes the call. */
export function ringing(random: Random): number {
  return random.between(900, 4_000);
}

/** A short conversation. */
export function talk(random: Random): number {
  return random.between(seconds(10), seconds(35));
}
