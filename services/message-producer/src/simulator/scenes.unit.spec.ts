import { Random } from '@ringdown/core';
import { VISITORS } from './cast';
import { SceneWriter, type Action, type Scene } from './scenes';
import { TOPICS } from './topics';

function scenes(count: number, seed = 1): Scene[] {
  const writer = new SceneWriter(new Random(seed));
  return Array.from({ length: count }, () => writer.next());
}

function actions(scene: Scene): readonly Action[] {
  return scene.beats.map(({ action }) => action);
}

function lasts({ pauseMs, beats }: Scene): number {
  return beats.reduce((sum, beat) => sum + beat.pauseMs, pauseMs);
}

const visits = (all: readonly Scene[]): Scene[] =>
  all.filter((scene) => actions(scene)[0]?.kind === 'arrive');

describe('made-up scenes', () => {
  it('are the same with the same seed, and others with another one', () => {
    expect(scenes(30)).toEqual(scenes(30));
    expect(scenes(30, 2)).not.toEqual(scenes(30));
  });

  it('show every kind of event within about a minute, wherever one begins to look', () => {
    const all = scenes(300);
    for (let from = 0; from + 3 <= all.length; from += 1) {
      const shown = all.slice(from, from + 3);
      const kinds = new Set(shown.flatMap(actions).map(({ kind }) => kind));
      expect([...kinds]).toEqual(
        expect.arrayContaining(['write', 'read', 'answer', 'close', 'reopen'] satisfies Action['kind'][]),
      );
      expect(shown.reduce((sum, scene) => sum + lasts(scene), 0)).toBeLessThan(100_000);
    }
  });

  it('follow each other without haste, so that an hour has a bounded number of messages', () => {
    for (const scene of scenes(300)) {
      expect(scene.pauseMs).toBeGreaterThanOrEqual(4_000);
      for (const { pauseMs, action } of scene.beats) {
        if (action.kind === 'write' || action.kind === 'answer')
          expect(pauseMs).toBeGreaterThanOrEqual(1_500);
      }
    }
  });

  it('are visits of a small cast that talk about everything', () => {
    const all = visits(scenes(300));
    const visitors = new Set<unknown>();
    const texts = new Set<string>();
    for (const action of all.flatMap(actions)) {
      if ('visitor' in action) visitors.add(action.visitor);
      if ('text' in action) texts.add(action.text.replace(/R-\d{4}/, '#'));
    }

    expect(visitors).toEqual(new Set(VISITORS));
    expect(texts).toEqual(new Set(TOPICS.flatMap(({ lines }) => lines.map(({ text }) => text))));
  });

  it('have an agent who reads before answering, and leaves nothing unread', () => {
    for (const scene of visits(scenes(300))) {
      let unread = 0;
      for (const { kind } of actions(scene)) {
        if (kind === 'write') unread += 1;
        if (kind === 'read') unread = 0;
        if (kind === 'answer') expect(unread).toBe(0);
      }
      expect(unread).toBe(0);
      expect(actions(scene).at(-1)?.kind).toBe('leave');
    }
  });

  it('open again what they close', () => {
    for (const scene of scenes(300).filter((one) => actions(one).some(({ kind }) => kind === 'close'))) {
      expect(actions(scene)).toEqual([{ kind: 'close' }, { kind: 'reopen' }]);
    }
  });
});
