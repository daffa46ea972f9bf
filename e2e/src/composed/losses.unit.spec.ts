import { undeclaredLosses, type Seen } from './losses';

const change = (id: string, rev: number): Seen => ({ kind: 'change', id, rev });
const gap: Seen = { kind: 'gap', reason: 'broker_reconnect' };
const lost: Seen = { kind: 'lost', code: 1006 };
const subscribed: Seen = { kind: 'subscribed' };

describe('what a subscriber missed without having been told', () => {
  it.each<[string, Seen[], number]>([
    ['nothing, when revisions follow each other', [change('a', 4), change('b', 1), change('a', 5)], 0],
    ['nothing, when one is repeated', [change('a', 4), change('a', 4), change('a', 5)], 0],
    ['nothing, when a gap was told between', [change('a', 4), gap, change('a', 7)], 0],
    ['nothing, when the socket was lost between', [change('a', 4), lost, subscribed, change('a', 7)], 0],
    ['a revision that is left out', [change('a', 4), change('a', 6)], 1],
    ['one of another document than the repeated', [change('a', 4), change('b', 1), change('b', 3)], 1],
    ['one after the gap', [gap, change('a', 4), change('a', 6)], 1],
    ['a second one after a gap excused the first', [change('a', 1), gap, change('a', 3), change('a', 5)], 1],
    ['a revision that goes back', [change('a', 4), change('a', 5), change('a', 4)], 1],
  ])('is %s', (_what, seen, count) => expect(undeclaredLosses(seen)).toHaveLength(count));
});
