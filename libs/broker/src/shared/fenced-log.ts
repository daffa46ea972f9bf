import { AppError, type Logger, memoised, messageOf } from '@ringdown/core';
import type { LogEntry, LogHandlers, LogOptions, LogReader } from '../broker';
import { Fences } from './fences';
import { isFenceKey, journalName } from './topology';
import type { Transport, TransportLog } from './transport';

const DEFAULT_FENCE_TIMEOUT_MS = 10_000;

export interface FencedLogOptions {
  readonly transport: Transport;
  /** Writes a fence and waits for the confirm. */
  readonly publishFence: (exchange: string, routingKey: string, timeoutMs: number) => Promise<void>;
  readonly log: LogOptions;
  readonly onClosed: () => void;
  readonly logger: Logger;
}

/** A reader of an event log over any transport: keeps the position, writes fences and hides them. */
export class FencedLog implements LogReader {
  readonly close = memoised(() => this.doClose());
  private readonly name: string;
  private readonly fences: Fences;
  private log: TransportLog | undefined;
  private next: number | undefined;
  private closed = false;

  constructor(
    private readonly options: FencedLogOptions,
    private readonly handlers: LogHandlers,
  ) {
    const { exchange } = options.log;
    this.name = journalName(exchange);
    this.fences = new Fences(this.name, (key, timeoutMs) => options.publishFence(exchange, key, timeoutMs));
  }

  get position(): number | undefined {
    return this.next;
  }

  async open(): Promise<void> {
    const { transport, log } = this.options;
    try {
      const opened = await transport.openLog(log, {
        onEntry: (entry) => this.onEntry(entry),
        onTruncated: (from, to) => this.guarded(() => this.handlers.onTruncated(from, to)),
        onReset: () => {
          this.next = undefined;
          this.fences.onLost();
          this.guarded(() => this.handlers.onReset());
        },
      });
      if (this.closed) {
        await opened.close();
        throw this.closedError();
      }
      this.log = opened;
      // "From now on" must mean one place, or a connection lost before the first entry would move it.
      if (log.from === 'next') await this.fence();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async fence(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    this.requireOpen();
    return this.fences.wait(options.timeoutMs ?? DEFAULT_FENCE_TIMEOUT_MS);
  }

  async firstOffset(): Promise<number | undefined> {
    return this.requireOpen().firstOffset();
  }

  private onEntry(entry: LogEntry): void {
    this.next = entry.offset + 1;
    const { routingKey } = entry.message;
    if (isFenceKey(routingKey)) this.fences.onRead(routingKey, entry.offset);
    else this.guarded(() => this.handlers.onEntry(entry));
  }

  private async doClose(): Promise<void> {
    const log = this.log;
    this.closed = true;
    this.log = undefined;
    this.fences.close();
    this.options.onClosed();
    await log?.close();
  }

  private requireOpen(): TransportLog {
    if (this.log === undefined) throw this.closedError();
    return this.log;
  }

  private closedError(): AppError {
    return new AppError('closed', `the reader of ${this.name} is closed`);
  }

  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.options.logger.error('log handler failed', { log: this.name, error: messageOf(error) });
    }
  }
}
