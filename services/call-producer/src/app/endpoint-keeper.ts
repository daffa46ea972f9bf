import type { Broker, Feed } from '@ringdown/broker';
import {
  decodeEvent,
  listAccountEndpoints,
  listEndpoints,
  type Endpoint,
  type EndpointList,
  type WireMessage,
} from '@ringdown/contracts';
import {
  backoffMs,
  isAppError,
  memoised,
  messageOf,
  pause,
  type Lifecycle,
  type Logger,
} from '@ringdown/core';
import { MemoryEndpointDirectory } from '../domain/memory-endpoint-directory';

/** Documents that say whose device is whose. */
const PATTERNS = ['object.*.device', 'object.*.user', 'object.*.account'];
const FEED_MAX_LENGTH = 10_000;
/** Changes come in groups (a user with his devices); one look-up serves them all. */
const DEBOUNCE_MS = 200;
/** Above this many changed accounts, all endpoints are loaded instead of one account after the other. */
const MAX_DIRTY_ACCOUNTS = 1_000;
const REQUEST_TIMEOUT_MS = 5_000;

export type KeeperBroker = Pick<Broker, 'request' | 'openFeed' | 'onResync'>;

/**
 * Keeps the endpoint directory current: all of it is loaded at the start and whenever events may have been missed, one
 * account when an event says that something of it changed. One loader works at a time, so that an older answer never
 * replaces a newer one. While object-producer is away the last state stays.
 */
export class EndpointKeeper implements Lifecycle {
  readonly directory = new MemoryEndpointDirectory();
  private readonly ended = new AbortController();
  private readonly dirty = new Set<string>();
  private everything = true;
  private hasLoaded = false;
  private loading: Promise<void> | undefined;
  private debounce: NodeJS.Timeout | undefined;
  private readonly firstLoad: (() => void)[] = [];
  private feed: Feed | undefined;
  private endResync: (() => void) | undefined;

  constructor(
    private readonly broker: KeeperBroker,
    private readonly logger: Logger,
  ) {}

  /** Resolves when changes are heard; the first load goes on behind. */
  readonly start = memoised(async () => {
    const reloadAll = (): void => {
      this.everything = true;
      this.work();
    };
    this.feed = await this.broker.openFeed(
      { name: 'endpoints', maxLength: FEED_MAX_LENGTH },
      { onMessage: (message) => this.onMessage(message), onGap: reloadAll },
    );
    await Promise.all(PATTERNS.map((pattern) => this.feed?.bind('object', pattern)));
    this.endResync = this.broker.onResync(() => {
      reloadAll();
      return Promise.resolve();
    });
    this.work();
  });

  readonly stop = memoised(async () => {
    this.ended.abort();
    clearTimeout(this.debounce);
    this.endResync?.();
    for (const resolve of this.firstLoad.splice(0)) resolve();
    await this.loading;
    await this.feed?.close();
  });

  /** False until all endpoints were loaded once. */
  get loaded(): boolean {
    return this.hasLoaded;
  }

  /** Resolves after the first load, or when this much time has passed or the signal aborted without one. */
  async whenLoaded(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.hasLoaded && !this.ended.signal.aborted) {
      const either = new AbortController();
      const give = (): void => either.abort();
      this.firstLoad.push(give);
      signal.addEventListener('abort', give, { once: true });
      if (signal.aborted) give();
      await pause(timeoutMs, either.signal);
      signal.removeEventListener('abort', give);
    }
    return this.hasLoaded;
  }

  private onMessage(message: WireMessage): void {
    const decoded = decodeEvent(message);
    if (!decoded.ok || decoded.event.accountId === undefined) return;
    if (this.dirty.size < MAX_DIRTY_ACCOUNTS) this.dirty.add(decoded.event.accountId);
    else this.everything = true;
    this.debounce ??= setTimeout(() => {
      this.debounce = undefined;
      this.work();
    }, DEBOUNCE_MS);
  }

  private work(): void {
    if (this.loading !== undefined || this.ended.signal.aborted) return;
    this.loading = this.run().finally(() => {
      this.loading = undefined;
      if (this.everything) this.work();
    });
  }

  private async run(): Promise<void> {
    for (let attempt = 0; !this.ended.signal.aborted;) {
      try {
        if (!(await this.step())) return;
        attempt = 0;
      } catch (error) {
        if (this.ended.signal.aborted) return;
        const doubled = (attempt & (attempt - 1)) === 0;
        if (doubled) this.logger.warn('endpoints are not loaded', { reason: messageOf(error) });
        await pause(backoffMs(attempt++, { initialMs: 250, maxMs: 5_000 }), this.ended.signal);
      }
    }
  }

  /** Loads what is asked for next; false when nothing is. */
  private async step(): Promise<boolean> {
    if (this.everything) {
      this.everything = false;
      this.dirty.clear();
      await this.loadAll().catch((error: unknown) => {
        this.everything = true;
        throw error;
      });
      return true;
    }
    const [accountId] = this.dirty;
    if (accountId === undefined) return false;
    this.dirty.delete(accountId);
    await this.loadAccount(accountId).catch((error: unknown) => {
      // Anyone may announce a change, also of what can be no account; asking again would change nothing.
      if (isAppError(error) && error.code === 'validation_failed') {
        this.logger.debug('no account has this id', { reason: messageOf(error) });
        return;
      }
      this.dirty.add(accountId);
      throw error;
    });
    return true;
  }

  private async loadAll(): Promise<void> {
    const endpoints = await pages((page) =>
      this.broker.request(listEndpoints, page, { timeoutMs: REQUEST_TIMEOUT_MS }),
    );
    this.directory.replaceAll(endpoints);
    if (!this.hasLoaded) this.logger.info('endpoints loaded', { count: this.directory.size });
    this.hasLoaded = true;
    for (const resolve of this.firstLoad.splice(0)) resolve();
  }

  private async loadAccount(accountId: string): Promise<void> {
    const endpoints = await pages((page) =>
      this.broker.request(
        listAccountEndpoints,
        { account_id: accountId, ...page },
        { timeoutMs: REQUEST_TIMEOUT_MS },
      ),
    );
    this.directory.replaceAccount(accountId, endpoints);
  }
}

async function pages(
  ask: (page: { readonly after?: string }) => Promise<EndpointList>,
): Promise<readonly Endpoint[]> {
  const all: Endpoint[] = [];
  for (let after: string | undefined; ;) {
    const { endpoints, next } = await ask(after === undefined ? {} : { after });
    all.push(...endpoints);
    if (next === undefined || next === after) return all;
    after = next;
  }
}
