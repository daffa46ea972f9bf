/**
 * Topic patterns and their matching, with the semantics of RabbitMQ's topic exchange: words are separated by `.`,
 * `*` stands for exactly one word and `#` for zero or more. Empty words are words, only the empty string has none. In a
 * routing key `*` and `#` are ordinary words.
 */

interface TrieNode<T> {
  readonly word: string;
  readonly parent: TrieNode<T> | undefined;
  /** Edges of literal words. */
  words: Map<string, TrieNode<T>> | undefined;
  star: TrieNode<T> | undefined;
  hash: TrieNode<T> | undefined;
  values: Set<T> | undefined;
  /** The last step of a match that entered this node; only used where a node can be entered twice, at `#`. */
  enteredAt: number;
}

/**
 * A set of (pattern, value) pairs that finds the ones a routing key matches. Matching follows all edges at once, word by
 * word, and enters a node at most once per word: the work is bounded by words times nodes whatever the patterns are.
 */
export class TopicTrie<T> {
  private readonly root: TrieNode<T> = newNode<T>('', undefined);
  private pairs = 0;
  private step = 0;
  /** Scratch of `match`, kept so that a match allocates nothing but its result. Safe: `match` calls nobody. */
  private active: TrieNode<T>[] = [];
  private next: TrieNode<T>[] = [];

  /** The number of pairs. */
  get size(): number {
    return this.pairs;
  }

  /** False when the pair was there already. */
  add(pattern: string, value: T): boolean {
    let node = this.root;
    for (const word of splitTopic(pattern)) node = childOf(node, word) ?? addChild(node, word);
    node.values ??= new Set();
    if (node.values.has(value)) return false;
    node.values.add(value);
    this.pairs += 1;
    return true;
  }

  /** False when the pair was not there. */
  delete(pattern: string, value: T): boolean {
    let node: TrieNode<T> | undefined = this.root;
    for (const word of splitTopic(pattern)) {
      node = childOf(node, word);
      if (node === undefined) return false;
    }
    if (node.values?.delete(value) !== true) return false;
    if (node.values.size === 0) node.values = undefined;
    this.pairs -= 1;
    prune(node);
    return true;
  }

  /** The value of every pair whose pattern matches, once per pair, in no particular order. */
  match(routingKey: string): T[] {
    let active = this.active;
    let next = this.next;
    active.length = 0;
    this.enter(this.root, active);
    for (const word of splitTopic(routingKey)) {
      if (active.length === 0) break;
      this.step += 1;
      next.length = 0;
      for (const node of active) {
        if (node.word === '#') this.enter(node, next);
        const literal = node.words?.get(word);
        if (literal !== undefined) this.enter(literal, next);
        if (node.star !== undefined) this.enter(node.star, next);
      }
      const spent = active;
      active = next;
      next = spent;
    }
    this.step += 1;
    const found: T[] = [];
    for (const node of active) {
      if (node.values !== undefined) for (const value of node.values) found.push(value);
    }
    active.length = 0;
    next.length = 0;
    this.active = active;
    this.next = next;
    return found;
  }

  /**
   * Makes a node active, and the chain of `#` below it, which may stand for no word. Every other node has one way in,
   * so only `#`, which also stays active by itself, needs the guard against entering twice.
   */
  private enter(node: TrieNode<T>, into: TrieNode<T>[]): void {
    let entering: TrieNode<T> | undefined = node;
    while (entering !== undefined) {
      if (entering.word === '#') {
        if (entering.enteredAt === this.step) return;
        entering.enteredAt = this.step;
      }
      into.push(entering);
      entering = entering.hash;
    }
  }
}

/** Whether one pattern matches one routing key; for many patterns use {@link TopicTrie}. */
export function topicMatches(pattern: string, routingKey: string): boolean {
  const wanted = splitTopic(pattern);
  const words = splitTopic(routingKey);
  let at = 0;
  let word = 0;
  let lastHash = -1;
  let resumeWord = 0;
  while (word < words.length) {
    if (wanted[at] === '#') {
      lastHash = at;
      resumeWord = word;
      at += 1;
    } else if (at < wanted.length && (wanted[at] === '*' || wanted[at] === words[word])) {
      at += 1;
      word += 1;
    } else if (lastHash >= 0) {
      // The last `#` takes one word more; earlier ones need no second thought, as a later one can do all they could.
      resumeWord += 1;
      word = resumeWord;
      at = lastHash + 1;
    } else {
      return false;
    }
  }
  while (wanted[at] === '#') at += 1;
  return at === wanted.length;
}

function splitTopic(text: string): string[] {
  return text === '' ? [] : text.split('.');
}

function newNode<T>(word: string, parent: TrieNode<T> | undefined): TrieNode<T> {
  return {
    word,
    parent,
    words: undefined,
    star: undefined,
    hash: undefined,
    values: undefined,
    enteredAt: -1,
  };
}

function childOf<T>(node: TrieNode<T>, word: string): TrieNode<T> | undefined {
  if (word === '*') return node.star;
  if (word === '#') return node.hash;
  return node.words?.get(word);
}

function addChild<T>(node: TrieNode<T>, word: string): TrieNode<T> {
  const child = newNode(word, node);
  if (word === '*') node.star = child;
  else if (word === '#') node.hash = child;
  else (node.words ??= new Map()).set(word, child);
  return child;
}

/** Removes the node, and then its ancestors, as far as they hold nothing. */
function prune<T>(start: TrieNode<T>): void {
  let node = start;
  while (node.parent !== undefined && isEmpty(node)) {
    const { parent, word } = node;
    if (word === '*') parent.star = undefined;
    else if (word === '#') parent.hash = undefined;
    else if (parent.words?.delete(word) && parent.words.size === 0) parent.words = undefined;
    node = parent;
  }
}

function isEmpty<T>(node: TrieNode<T>): boolean {
  return (
    node.values === undefined &&
    node.words === undefined &&
    node.star === undefined &&
    node.hash === undefined
  );
}
