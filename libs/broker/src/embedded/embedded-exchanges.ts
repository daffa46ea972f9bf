import { AppError, type Clock, TopicTrie } from '@ringdown/core';
import { EVENT_EXCHANGES } from '../shared/topology';
import { EmbeddedQueue, type QueuedMessage, type QueueSettings } from './embedded-queue';

/** What the hub holds: queues by name, and a trie of bindings per topic exchange. The default exchange is `''`. */
export class EmbeddedExchanges {
  private readonly queues = new Map<string, EmbeddedQueue>();
  private readonly exchanges = new Map(EVENT_EXCHANGES.map((name) => [name, new TopicTrie<EmbeddedQueue>()]));
  private readonly patterns = new Map<EmbeddedQueue, Map<string, { exchange: string; pattern: string }>>();

  constructor(private readonly clock: Clock) {}

  /** Routes within this call, so a publisher's order is the queue's order. False when no queue took it. */
  publish(queued: QueuedMessage): boolean {
    const targets = this.route(queued.message.exchange, queued.message.routingKey);
    for (const queue of targets) queue.push(queued);
    return targets.size > 0;
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
