import { Buffer } from 'node:buffer';
import { callEvent, accountOf, CHANNELS_PER_ACCOUNT, LIFE } from './call-traffic';
import { callStores } from './call-store';
import { median } from '../statistics';

export interface FoldCommand {
  readonly store: string;
  /** Live channels at the end. */
  readonly channels: number;
}

export interface FoldFigures {
  readonly kind: 'figures';
  readonly channels: number;
  /** Heap per live channel, and how much of it is the channel's own data as JSON. */
  readonly bytesPerChannel: number;
  readonly ownBytesPerChannel: number;
  readonly events: number;
  readonly eventsPerCpuSecond: number;
  /** Milliseconds to list one account's channels as JSON, the median of many. */
  readonly listMs: number;
}

/** Events are made before the clock runs, in portions that fit into memory. */
const PORTION = 20_000;
const LISTS = 101;

function measure({ store: name, channels }: FoldCommand): FoldFigures {
  const store = callStores[name]!();
  const before = heapBytes();
  let offset = 0;
  let events = 0;
  let cpuUs = 0;
  for (const event of LIFE) {
    for (let from = 0; from < channels; from += PORTION) {
      const count = Math.min(PORTION, channels - from);
      const portion = Array.from({ length: count }, (_, i) => callEvent(event, from + i));
      const start = process.cpuUsage();
      for (const message of portion) store.apply(offset++, message);
      const used = process.cpuUsage(start);
      cpuUs += used.user + used.system;
      events += count;
    }
  }
  const bytes = heapBytes() - before;
  const account = accountOf(channels - CHANNELS_PER_ACCOUNT);
  const listed = store.list(account);
  if (store.size !== channels || listed.length !== CHANNELS_PER_ACCOUNT) {
    throw new Error(`${name}: ${store.size} channels, ${listed.length} listed`);
  }
  return {
    kind: 'figures',
    channels,
    bytesPerChannel: bytes / channels,
    ownBytesPerChannel: Buffer.byteLength(JSON.stringify(listed)) / listed.length,
    events,
    eventsPerCpuSecond: events / (cpuUs / 1_000_000),
    listMs: median(Array.from({ length: LISTS }, () => timed(() => JSON.stringify(store.list(account))))),
  };
}

function timed(work: () => unknown): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** What is left after the garbage is gone; needs `--expose-gc`. */
function heapBytes(): number {
  global.gc!();
  global.gc!();
  return process.memoryUsage().heapUsed;
}

process.on('message', (command: FoldCommand) => {
  try {
    process.send!(measure(command));
  } catch (error) {
    process.send!({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
});
