import type { Random } from '@ringdown/core';
import { VISITORS, type TagName, type Visitor } from './cast';
import { TOPICS, type Topic } from './topics';

/** What somebody does. The agent `read`s, `answer`s, `tag`s; `close` and `reopen` are about the pop-up store. */
export type Action =
  | { readonly kind: 'arrive' | 'introduce' | 'read' | 'leave'; readonly visitor: Visitor }
  | { readonly kind: 'write' | 'answer'; readonly visitor: Visitor; readonly text: string }
  | { readonly kind: 'tag' | 'untag'; readonly visitor: Visitor; readonly tag: TagName }
  | { readonly kind: 'close' | 'reopen' };

export interface Beat {
  /** After the beat before. */
  readonly pauseMs: number;
  readonly action: Action;
}

/** Beats that belong together: when one fails, the rest has lost its sense. */
export interface Scene {
  /** After the scene before; never so short that scenes which fail would follow each other in haste. */
  readonly pauseMs: number;
  readonly beats: readonly Beat[];
}

const BETWEEN_SCENES_MS = { low: 4_000, high: 9_000 };
const TYPING_MS = { low: 1_500, high: 4_000 };
const GLANCE_MS = { low: 700, high: 2_000 };
const CLOSED_MS = { low: 3_000, high: 8_000 };

/**
 * Writes one scene after the other, without end; the same chance writes the same scenes. Of three, one is the pop-up
 * store's and two are visits, so that within about a minute every kind of event happens.
 */
export class SceneWriter {
  private written = 0;
  private lastVisitor: Visitor | undefined;
  private lastTopic: Topic | undefined;

  constructor(private readonly random: Random) {}

  next(): Scene {
    const pauseMs = this.time(BETWEEN_SCENES_MS);
    return { pauseMs, beats: this.written++ % 3 === 0 ? this.closedForAMoment() : this.visit() };
  }

  private closedForAMoment(): Beat[] {
    return [
      { pauseMs: 0, action: { kind: 'close' } },
      { pauseMs: this.time(CLOSED_MS), action: { kind: 'reopen' } },
    ];
  }

  private visit(): Beat[] {
    const visitor = this.another(VISITORS, this.lastVisitor);
    const topic = this.another(TOPICS, this.lastTopic);
    this.lastVisitor = visitor;
    this.lastTopic = topic;
    const order = `R-${this.random.between(1000, 9999)}`;

    const beats: Beat[] = [{ pauseMs: 0, action: { kind: 'arrive', visitor } }];
    topic.lines.forEach(({ by, text }, index) => {
      const before = topic.lines[index - 1]?.by;
      const said = text.replace('#', order);
      if (by === 'agent' && before === 'visitor') beats.push(this.reads(visitor));
      const kind = by === 'agent' ? 'answer' : 'write';
      beats.push({ pauseMs: this.time(TYPING_MS), action: { kind, visitor, text: said } });
      if (index === 0) beats.push({ pauseMs: 0, action: { kind: 'introduce', visitor } });
    });
    if (topic.lines.at(-1)?.by === 'visitor') beats.push(this.reads(visitor));
    const kind = this.random.chance(0.6) ? 'tag' : 'untag';
    beats.push({ pauseMs: this.time(GLANCE_MS), action: { kind, visitor, tag: topic.tag } });
    beats.push({ pauseMs: 0, action: { kind: 'leave', visitor } });
    return beats;
  }

  private reads(visitor: Visitor): Beat {
    return { pauseMs: this.time(GLANCE_MS), action: { kind: 'read', visitor } };
  }

  private another<T>(all: readonly T[], last: T | undefined): T {
    return this.random.pick(all.filter((one) => one !== last));
  }

  private time({ low, high }: { readonly low: number; readonly high: number }): number {
    return this.random.between(low, high);
  }
}
