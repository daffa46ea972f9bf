import fc from 'fast-check';
import { TopicTrie, topicMatches } from './topic-trie';

/** The definition, word for word; exponential, so only for small inputs. */
function naiveMatches(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === '#') {
    return naiveMatches(rest, key) || (key.length > 0 && naiveMatches(pattern, key.slice(1)));
  }
  return key.length > 0 && (first === '*' || first === key[0]) && naiveMatches(rest, key.slice(1));
}

const words = (text: string): string[] => (text === '' ? [] : text.split('.'));
const topic = (alphabet: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...alphabet), { maxLength: 6 }).map((parts) => parts.join('.'));
const pattern = topic(['a', 'b', '', '*', '#', '#']);
const key = topic(['a', 'b', 'c', '', '*', '#']);

const examples: readonly [string, string, boolean][] = [
  ['a.b', 'a.b', true],
  ['a.b', 'a.b.c', false],
  ['a.b', 'a', false],
  ['a.*', 'a.b', true],
  ['a.*', 'a.', true],
  ['a.*', 'a', false],
  ['a.*', 'a.b.c', false],
  ['#', '', true],
  ['#', 'a.b.c', true],
  ['*', '', false],
  ['', '', true],
  ['', '.', false],
  ['*.*', '.', true],
  ['a.#', 'a', true],
  ['a.#', 'a.b.c', true],
  ['a.#', 'b', false],
  ['#.a', 'a', true],
  ['#.a', 'b.a.a', true],
  ['#.a', 'a.b', false],
  ['a.#.b', 'a.b', true],
  ['a.#.b', 'a.x.y.b', true],
  ['#.#', 'a', true],
  ['#.*.#', '', false],
  ['a.b', 'a.*', false],
  ['a.b', 'a.#', false],
  ['a.*', 'a.*', true],
  ['A.b', 'a.b', false],
];

describe('topicMatches', () => {
  it.each(examples)('says of pattern "%s" and key "%s": %s', (patternText, keyText, expected) => {
    expect(topicMatches(patternText, keyText)).toBe(expected);
  });

  it('agrees with the definition for any pattern and key', () => {
    fc.assert(
      fc.property(pattern, key, (patternText, keyText) => {
        expect(topicMatches(patternText, keyText)).toBe(naiveMatches(words(patternText), words(keyText)));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('TopicTrie', () => {
  it.each(examples)('says of pattern "%s" and key "%s": %s', (patternText, keyText, expected) => {
    const trie = new TopicTrie<number>();
    trie.add(patternText, 1);

    expect(trie.match(keyText)).toEqual(expected ? [1] : []);
  });

  it('finds exactly the pairs that the definition finds, each once, after any adds and deletes', () => {
    const change = fc.record({ remove: fc.boolean(), pattern, value: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.array(key, { maxLength: 8 }), (changes, keys) => {
        const trie = new TopicTrie<string>();
        const pairs = new Map<string, string>();
        for (const { remove, pattern: patternText, value } of changes) {
          const pair = `${patternText} ${value}`;
          if (remove) expect(trie.delete(patternText, pair)).toBe(pairs.delete(pair));
          else expect(trie.add(patternText, pair)).toBe(!pairs.has(pair));
          if (!remove) pairs.set(pair, patternText);
          expect(trie.size).toBe(pairs.size);
        }
        for (const keyText of keys) {
          const expected = [...pairs].filter(([, p]) => naiveMatches(words(p), words(keyText)));
          expect(trie.match(keyText).sort()).toEqual(expected.map(([pair]) => pair).sort());
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('reports a value once for each of its patterns that matches', () => {
    const trie = new TopicTrie<string>();
    trie.add('call.*.*', 'socket');
    trie.add('call.CHANNEL_CREATE.*', 'socket');

    expect(trie.match('call.CHANNEL_CREATE.a1')).toEqual(['socket', 'socket']);
  });

  it('keeps nothing of a deleted pattern', () => {
    const trie = new TopicTrie<string>();
    const empty = JSON.stringify(shapeOf(trie));
    for (const patternText of ['a.b.c', 'a.*.c', 'a.#', '#.b.#', '']) trie.add(patternText, 'x');
    for (const patternText of ['a.b.c', 'a.*.c', 'a.#', '#.b.#', '']) trie.delete(patternText, 'x');

    expect(trie.size).toBe(0);
    expect(JSON.stringify(shapeOf(trie))).toBe(empty);
  });

  it('keeps a pattern whose longer or shorter neighbour is deleted', () => {
    const trie = new TopicTrie<string>();
    trie.add('a.b', 'short');
    trie.add('a.b.c', 'long');
    trie.delete('a.b', 'short');
    expect(trie.match('a.b.c')).toEqual(['long']);

    trie.add('a.b', 'short');
    trie.delete('a.b.c', 'long');
    expect(trie.match('a.b')).toEqual(['short']);
  });

  it('takes words that are names of object members', () => {
    const trie = new TopicTrie<string>();
    trie.add('__proto__.constructor', 'x');

    expect(trie.match('__proto__.constructor')).toEqual(['x']);
    expect(trie.match('toString.valueOf')).toEqual([]);
  });

  it('visits each node at most once per word, however many # the patterns have', () => {
    const trie = new TopicTrie<number>();
    const hostile = Array.from({ length: 40 }, () => '#.a').join('.') + '.#.b';
    trie.add(hostile, 1);
    trie.add(Array.from({ length: 60 }, () => '#').join('.'), 2);
    const keyText = Array.from({ length: 120 }, () => 'a').join('.');

    // A backtracking matcher does not come back from this in the lifetime of the machine.
    expect(trie.match(keyText)).toEqual([2]);
    expect(trie.match(`${keyText}.b`).sort()).toEqual([1, 2]);
    expect(topicMatches(hostile, keyText)).toBe(false);
  });
});

/** The nodes without the parent links. */
function shapeOf(trie: unknown): unknown {
  const root: unknown = Reflect.get(trie as object, 'root');
  return JSON.parse(
    JSON.stringify(root, (name, value: unknown) =>
      name === 'parent' || name === 'enteredAt' ? undefined : value instanceof Map ? [...value] : value,
    ),
  );
}
