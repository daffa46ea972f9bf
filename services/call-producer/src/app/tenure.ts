import { encodeEvent, encodeSwitchSnapshot, type ChannelState, type EventDraft } from '@ringdown/contracts';
import { backoffMs, messageOf, pause, type Clock, type Logger } from '@ringdown/core';
import type { CallSource, CallSourceFactory, EndpointDirectory } from '../domain/call-source';
import type { EventPublisher } from './event-publisher';

export const APP_ID = 'call-producer';
/** On a clean end, for what is still unconfirmed. */
const FLUSH_TIMEOUT_MS = 3_000;
/**
 * A call is known as long as something of it is in the log, which keeps a number of bytes as well as a time: after so many
 * bytes of events, and never fewer than twice the snapshot before, there is another one, whatever the interval.
 */
export const SNAPSHOT_EVERY_BYTES = 4 * 1024 * 1024;

export interface TenureParts {
  readonly switchId: string;
  /** This instance, in snapshots. */
  readonly holder: string;
  readonly factory: CallSourceFactory;
  readonly publisher: EventPublisher;
  readonly directory: EndpointDirectory;
  /** Resolves when the directory is as good as it will get for now. */
  readonly directoryReady: (signal: AbortSignal) => Promise<void>;
  readonly known: (signal: AbortSignal) => Promise<readonly ChannelState[]>;
  readonly snapshotIntervalMs: number;
  readonly counters: TenureCounters;
  readonly logger: Logger;
  readonly clock: Clock;
}

export interface TenureCounters {
  refused(): void;
  snapshotTaken(channels: number): void;
}

/**
 * The time from getting a switch to losing it: one source, its events, its snapshots. A new tenure needs a new object.
 */
export class Tenure {
  private readonly ended = new AbortController();
  private current: CallSource | undefined;
  private reconciled = false;
  private snapshotTimer: NodeJS.Timeout | undefined;
  private bytesSinceSnapshot = 0;
  private snapshotBytes = 0;
  private snapshotDue = false;
  private refusalLogged = false;
  private readonly running: Promise<void>;

  constructor(private readonly parts: TenureParts) {
    this.running = this.run();
  }

  /** Undefined while it is not started yet, and after the end. */
  get source(): CallSource | undefined {
    return this.ended.signal.aborted ? undefined : this.current;
  }

  /** The switch is another's from this moment: nothing of ours leaves any more. Resolves when the source has stopped. */
  async lose(): Promise<void> {
    this.ended.abort();
    this.parts.publisher.close();
    await this.finish();
  }

  /** Ends while the switch is still ours: what the source says while it stops is still published. */
  async close(): Promise<void> {
    if (!this.ended.signal.aborted && this.current !== undefined) {
      await this.stopSource(this.current);
      await this.parts.publisher
        .flush(FLUSH_TIMEOUT_MS)
        .catch((error: unknown) =>
          this.parts.logger.warn('the last events were not confirmed', { reason: messageOf(error) }),
        );
    }
    await this.lose();
  }

  private async finish(): Promise<void> {
    clearTimeout(this.snapshotTimer);
    // A start may wait for a switch that does not answer, until it is called off.
    const starting = this.current;
    if (starting !== undefined) await this.stopSource(starting);
    await this.running;
    if (this.current !== undefined && this.current !== starting) await this.stopSource(this.current);
  }

  private async run(): Promise<void> {
    const { signal } = this.ended;
    const { parts } = this;
    try {
      // What an earlier tenure said last must be known, or it would be said again.
      const asked = parts.publisher.whenLanded().then(() => parts.known(signal));
      const [known] = await Promise.all([asked, parts.directoryReady(signal)]);
      if (signal.aborted) return;
      parts.publisher.open(() => this.snapshot());
      await this.startSource(known);
      if (signal.aborted) return;
      if (!this.reconciled && this.current?.problem() === undefined) this.snapshot();
      this.planSnapshot();
    } catch (error) {
      parts.logger.error('the switch could not be taken over', { error });
    }
  }

  private async startSource(known: readonly ChannelState[]): Promise<void> {
    const { factory, directory, logger } = this.parts;
    for (let attempt = 0; !this.ended.signal.aborted; attempt += 1) {
      const source = factory({
        emit: (draft) => this.emit(draft),
        snapshot: () => this.snapshot(),
        known,
        endpoints: directory,
      });
      this.current = source;
      try {
        await source.start();
        // Not that it serves: a switch out of reach is waited for by the source, which says so.
        logger.info('switch taken over', { source: source.name, knownChannels: known.length });
        return;
      } catch (error) {
        this.current = undefined;
        logger.warn('the source did not start', { source: source.name, reason: messageOf(error) });
        await this.stopSource(source);
        await pause(backoffMs(attempt, { initialMs: 250, maxMs: 5_000 }), this.ended.signal);
      }
    }
  }

  private async stopSource(source: CallSource): Promise<void> {
    try {
      await source.stop();
    } catch (error) {
      this.parts.logger.warn('the source did not stop cleanly', { reason: messageOf(error) });
    }
  }

  private emit(draft: EventDraft): void {
    if (this.ended.signal.aborted) return;
    const { switchId, publisher, counters, logger } = this.parts;
    try {
      const place = { switch_nodename: switchId };
      const body = {
        ...draft.body,
        ...(draft.family === 'call'
          ? { ...place, switch_hostname: switchId, media_server: switchId }
          : place),
      };
      const message = encodeEvent({ ...draft, body, appId: APP_ID });
      publisher.publish([message]);
      if (draft.family === 'call') this.countBytes(message.body.length);
    } catch (error) {
      counters.refused();
      if (this.refusalLogged) return;
      this.refusalLogged = true;
      logger.warn('the source made an event that cannot be published (logged once)', {
        routingKey: draft.routingKey,
        reason: messageOf(error),
      });
    }
  }

  private snapshot(): void {
    const source = this.source;
    if (source === undefined) return;
    const { switchId, holder, publisher, counters, clock, logger } = this.parts;
    this.reconciled = true;
    try {
      const channels = source.channels();
      const parts = encodeSwitchSnapshot({ switch: switchId, holder, taken_at: clock(), channels });
      publisher.publish(parts);
      this.bytesSinceSnapshot = 0;
      this.snapshotBytes = parts.reduce((bytes, { body }) => bytes + body.length, 0);
      counters.snapshotTaken(channels.length);
    } catch (error) {
      logger.error('no snapshot could be taken', { error });
    }
  }

  /** The snapshot comes in a later turn: here a change is being told that the source may not have made yet. */
  private countBytes(bytes: number): void {
    this.bytesSinceSnapshot += bytes;
    if (this.snapshotDue || this.bytesSinceSnapshot < Math.max(SNAPSHOT_EVERY_BYTES, 2 * this.snapshotBytes))
      return;
    this.snapshotDue = true;
    if (this.snapshotTimer !== undefined) this.planSnapshot();
  }

  private planSnapshot(): void {
    clearTimeout(this.snapshotTimer);
    this.snapshotTimer = setTimeout(
      () => {
        this.snapshotDue = false;
        this.bytesSinceSnapshot = 0;
        // What a source believes while it is cut off is not what is there.
        if (this.current?.problem() === undefined) this.snapshot();
        this.planSnapshot();
      },
      this.snapshotDue ? 0 : this.parts.snapshotIntervalMs,
    );
  }
}
