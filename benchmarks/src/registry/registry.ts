import {
  ForeignAmqp,
  TestSystem,
  createVhost,
  startRabbitMq,
  type BrokerAddresses,
  type RunningService,
} from '@ringdown/testing';
import { Child } from '../child';
import { cpuTimeUs } from '../cpu-time';
import { writeResult } from '../results';
import { formatTable, median } from '../statistics';
import { callEvent } from './call-traffic';
import { callStores } from './call-store';
import type { FoldCommand, FoldFigures } from './fold-worker';

const PIPELINE = 1_000;

interface Replay {
  readonly entries: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/** Size and speed of the registry of live calls, in memory next to a plain Map, then as a replica that reads the log. */
export async function measureRegistry({ quick }: { readonly quick: boolean }): Promise<void> {
  const repeats = quick ? 1 : 3;
  const channels = quick ? 20_000 : 100_000;
  const folds = await measureFolds(channels, repeats);
  console.log(`\n${channels} live channels, medians of ${repeats} interleaved runs\n`);
  console.log(foldTable(folds));

  const { broker, replay } = await measureReplay(quick ? 20_000 : 200_000);
  console.log(
    `\nA starting replica read ${replay.entries} entries from RabbitMQ ${broker} in ${replay.seconds.toFixed(1)} s: ` +
      `${perSecond(replay.entries / replay.seconds)} a second, ${perSecond(replay.entries / replay.cpuSeconds)} per CPU second.`,
  );
  writeResult('registry', { broker, repeats, folds, replay });
}

async function measureFolds(
  channels: number,
  repeats: number,
): Promise<Readonly<Record<string, FoldFigures[]>>> {
  const figures: Record<string, FoldFigures[]> = {};
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const store of Object.keys(callStores)) {
      process.stderr.write(`${channels} channels: ${store} … `);
      const worker = new Child<FoldCommand, FoldFigures>('registry/fold-worker.js', ['--expose-gc']);
      const run = await worker.ask({ store, channels });
      worker.stop();
      process.stderr.write(`${perSecond(run.eventsPerCpuSecond)} events per CPU second\n`);
      (figures[store] ??= []).push(run);
    }
  }
  return figures;
}

function foldTable(folds: Readonly<Record<string, readonly FoldFigures[]>>): string {
  const of = (runs: readonly FoldFigures[], key: Exclude<keyof FoldFigures, 'kind'>): number =>
    median(runs.map((run) => run[key]));
  const peer = folds['plain Map']!;
  const rows = Object.entries(folds).map(([store, runs]) => [
    store,
    of(runs, 'bytesPerChannel').toFixed(0),
    of(runs, 'ownBytesPerChannel').toFixed(0),
    perSecond(of(runs, 'eventsPerCpuSecond')),
    (of(runs, 'eventsPerCpuSecond') / of(peer, 'eventsPerCpuSecond')).toFixed(2),
    of(runs, 'listMs').toFixed(2),
    (of(runs, 'listMs') / of(peer, 'listMs')).toFixed(2),
  ]);
  return formatTable(
    ['subject', 'heap B/channel', 'its JSON B', 'events/CPU s', 'ratio', 'list of 500 ms', 'ratio'],
    rows,
  );
}

/** How long a new replica takes until it is ready, beyond what it takes with an empty log. */
async function measureReplay(entries: number): Promise<{ readonly broker: string; readonly replay: Replay }> {
  const server = await startRabbitMq({ say: (line) => console.error(line) });
  const addresses: BrokerAddresses = { amqpUrl: server.url, managementUrl: server.managementUrl! };
  const vhost = await createVhost(addresses);
  const system = await TestSystem.start({
    amqpUrl: vhost.url,
    objectProducers: 0,
    apiGateways: 0,
    blackholes: 0,
  });
  const empty = await timedStart(system);
  const amqp = await ForeignAmqp.connect(vhost.url);
  for (let from = 0; from < entries; from += PIPELINE) {
    await Promise.all(Array.from({ length: PIPELINE }, (_, i) => publish(amqp, from + i)));
  }
  await amqp.close();
  const full = await timedStart(system);
  await system.stop();
  await vhost.delete();
  await server.stop();
  return {
    broker: `${server.version} (${server.how})`,
    replay: {
      entries,
      seconds: full.seconds - empty.seconds,
      cpuSeconds: full.cpuSeconds - empty.cpuSeconds,
    },
  };
}

function publish(amqp: ForeignAmqp, n: number): Promise<void> {
  const message = callEvent('CHANNEL_CREATE', n);
  return amqp.publish(message.exchange, message.routingKey, message.body, {
    messageId: message.messageId!,
    appId: message.appId!,
    type: message.type!,
    headers: { ...message.headers },
  });
}

async function timedStart(system: TestSystem): Promise<{ seconds: number; cpuSeconds: number }> {
  const start = process.hrtime.bigint();
  const replica: RunningService = await system.startChannels();
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const cpuSeconds = (cpuTimeUs(replica.process.pid) ?? Number.NaN) / 1e6;
  await replica.process.stop();
  return { seconds, cpuSeconds };
}

function perSecond(value: number): string {
  return Math.round(value).toLocaleString('en');
}
