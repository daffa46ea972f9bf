import { setTimeout } from 'node:timers/promises';
import { waitUntil } from '@ringdown/testing';
import { Child } from '../child';
import { durationMs, type Load } from './schedule';
import { percentile } from '../statistics';
import type { Subject } from './subjects';
import type { SubscribersCommand, SubscribersReply } from './subscribers';

/** One run of one subject. CPU in microseconds per delivered event, latency in milliseconds. */
export interface Measurement {
  readonly deliveries: number;
  readonly lost: number;
  /** Payload of a frame. */
  readonly frameBytes: number;
  /** Of the process that holds the sockets, where it is not the broker. */
  readonly serverCpuUs: number | null;
  readonly brokerCpuUs: number | null;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Connects the subscribers, warms up, then measures one load. */
export async function measure(
  subject: Subject,
  subscribers: number,
  warmUp: Load,
  load: Load,
): Promise<Measurement> {
  const clients = new Child<SubscribersCommand, SubscribersReply>('delivery/subscribers.js');
  try {
    await clients.ask({
      kind: 'connect',
      entrance: subject.entrance,
      count: subscribers,
    });
    await subject.emit(warmUp);
    const before = await settled(clients, warmUp.events * subscribers);

    const serverBefore = subject.serverCpuUs();
    const brokerBefore = subject.brokerCpuUs();
    await subject.emit(load);
    const expected = before.frames + load.events * subscribers;
    const after = await settled(clients, expected);
    const deliveries = after.frames - before.frames;

    const latencies = after.latenciesMs.slice(before.latenciesMs.length).sort((a, b) => a - b);
    return {
      deliveries,
      lost: expected - after.frames,
      frameBytes: (after.bytes - before.bytes) / deliveries,
      serverCpuUs: perDelivery(serverBefore, subject.serverCpuUs(), deliveries),
      brokerCpuUs: perDelivery(brokerBefore, subject.brokerCpuUs(), deliveries),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
    };
  } finally {
    clients.stop();
    await settledDown(subject);
  }
}

/** Taking leave of the subscribers costs something, too, which must not be charged to whoever is measured next. */
async function settledDown(subject: Subject): Promise<void> {
  const used = (): number => (subject.serverCpuUs() ?? 0) + (subject.brokerCpuUs() ?? 0);
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    const before = used();
    await setTimeout(LOOK_MS);
    if (used() - before <= QUIET_SHARE * LOOK_MS * 1_000) return;
  }
}

const LOOK_MS = 300;
const MAX_LOOKS = 50;
const QUIET_SHARE = 0.1;

/** At least five seconds without a single frame. */
const MAX_STILL_LOOKS = 100;

/** Waits until all frames arrived, or none came for a while: then the rest counts as lost. */
async function settled(
  clients: Child<SubscribersCommand, SubscribersReply>,
  expected: number,
): Promise<Extract<SubscribersReply, { kind: 'report' }>> {
  let last = -1;
  let stillLooks = 0;
  return waitUntil(
    async () => {
      const report = await clients.ask({ kind: 'report' });
      if (report.kind !== 'report') throw new Error('the subscribers did not report');
      stillLooks = report.frames === last ? stillLooks + 1 : 0;
      last = report.frames;
      return report.frames >= expected || stillLooks > MAX_STILL_LOOKS ? report : undefined;
    },
    { timeoutMs: 180_000, intervalMs: 50, what: `${expected} frames` },
  );
}

function perDelivery(
  before: number | undefined,
  after: number | undefined,
  deliveries: number,
): number | null {
  return before === undefined || after === undefined || deliveries === 0
    ? null
    : (after - before) / deliveries;
}

/** Half a second of the same load. */
export function warmUpOf(load: Load): Load {
  const share = Math.max(load.burst, Math.ceil((load.events * 500) / durationMs(load)));
  return { ...load, events: share };
}
