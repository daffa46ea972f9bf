import { AppError, type Clock, TopicTrie } from '@ringdown/core';
import { EVENT_EXCHANGES, type JournalLimits, LOGGED_EXCHANGES } from '../shared/topology';
import { EmbeddedLog } from './embedded-log';
import { EmbeddedQueue, type QueuedMessage, type QueueSettings } from './embedded-queue';

/** What the hub holds: queues by name, and per topic exchange a trie of bindings and an event log. The default exchange is `''`. */
export class EmbeddedExchanges {
  private readonly queues = new Map<string, EmbeddedQueue>();
  private readonly exchanges = new Map(EVENT_EXCHANGES.map((name) => [name, new TopicTrie<EmbeddedQueue>()]));
  private readonly patterns = new Map<EmbeddedQueue, Map<string, { exchange: string; pattern: string }>>();
  private readonly logs: ReadonlyMap<string, EmbeddedLog>;
  private readonly waiting = new Map<string, Set<() => void>>();

  constructor(
    private readonly clock: Clock,
    journal: JournalLimits,
  ) {
    this.logs = new Map(LOGGED_EXCHANGES.map((name) => [name, new EmbeddedLog(journal, clock)]));
  }

  /** Routes within this call, so a publisher's order is the queue's order. False when neither queue nor log took it. */
  publish(queued: QueuedMessage): boolean {
    const { exchange, routingKey } = queued.message;
    const targets = this.route(exchange, routingKey);
    for (const queue of targets) queue.push(queued);
    const log = this.logs.get(exchange);
    log?.append(queued.message);
    return targets.size > 0 || log !== undefined;
  }

  log(exchange: string): EmbeddedLog {
    const log = this.logs.get(exchange);
    if (log === undefined) throw new AppError('not_found', `${exchange} has no event log`);
    return log;
  }

  exists(queue: string): boolean {
    return this.queues.has(queue);
  }

  /** Calls once, in a later turn, when the queue of that name was deleted. Returns the function that ends the wait. */
  onceFree(queue: string, tell: () => void): () => void {
    const waiting = this.waiting.get(queue) ?? new Set();
    this.waiting.set(queue, waiting.add(tell));
    return () => void waiting.delete(tell);
  }

  /** Makes the queue or finds it. Errors: `conflict` when another connection owns it. */
  declare(settings: QueueSettings): EmbeddedQueue {
    const existing = this.queues.get(settings.name);
    if (existing !== undefined) {
      if (existing.settings.owner !== undefined || settings.owner !== undefined) {
        throw new AppError('conflict', `queue ${settings.name} is in use`);
      }
      return existing;
    }
    const queue = new EmbeddedQueue(settings, this.clock);
    this.queues.set(settings.name, queue);
    return queue;
  }

  delete(queue: EmbeddedQueue): void {
    if (this.queues.get(queue.settings.name) !== queue) return;
    this.queues.delete(queue.settings.name);
    for (const { exchange, pattern } of this.patterns.get(queue)?.values() ?? []) {
      this.exchanges.get(exchange)?.delete(pattern, queue);
    }
    this.patterns.delete(queue);
    this.tellFree(queue.settings.name);
  }

  bind(queue: EmbeddedQueue, exchange: string, pattern: string): void {
    this.trie(exchange).add(pattern, queue);
    const bound = this.patterns.get(queue) ?? new Map();
    this.patterns.set(queue, bound.set(`${exchange} ${pattern}`, { exchange, pattern }));
  }

  unbind(queue: EmbeddedQueue, exchange: string, pattern: string): void {
    this.trie(exchange).delete(pattern, queue);
    this.patterns.get(queue)?.delete(`${exchange} ${pattern}`);
  }

  private tellFree(name: string): void {
    const waiting = this.waiting.get(name);
    if (waiting === undefined) return;
    this.waiting.delete(name);
    setImmediate(() => {
      // Whoever gave up meanwhile has left the set; whoever comes too late waits anew.
      for (const tell of waiting) tell();
    });
  }

  private route(exchange: string, routingKey: string): ReadonlySet<EmbeddedQueue> {
    if (exchange !== '') return new Set(this.trie(exchange).match(routingKey));
    const queue = this.queues.get(routingKey);
    return new Set(queue === undefined ? [] : [queue]);
  }

  private trie(exchange: string): TopicTrie<EmbeddedQueue> {
    const trie = this.exchanges.get(exchange);
    if (trie === undefined) throw new AppError('not_found', `exchange ${exchange} does not exist`);
    return trie;
  }
}
