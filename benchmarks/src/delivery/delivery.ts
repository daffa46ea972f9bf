import { cpus } from 'node:os';
import { TestSystem, createVhost, startRabbitMq, type BrokerAddresses } from '@ringdown/testing';
import { brokerPidOfPort } from '../cpu-time';
import { measure, warmUpOf, type Measurement } from './measure';
import type { Load } from './schedule';
import { formatTable, median } from '../statistics';
import { writeResult } from '../results';
import { bareWsSubject, ringdownSubject, type Subject } from './subjects';

interface Scenario {
  readonly name: string;
  readonly subscribers: number;
  readonly load: Load;
}

interface Result {
  readonly scenario: string;
  readonly subscribers: number;
  readonly subject: string;
  readonly runs: readonly Measurement[];
}

/** 20,000 deliveries a second in all: evenly spread events, and the same in bursts of 16. */
function scenariosOf(seconds: number): readonly Scenario[] {
  return [200, 1_000].flatMap((subscribers) => {
    const perSecond = 20_000 / subscribers;
    return [
      {
        name: 'steady',
        subscribers,
        load: { events: perSecond * seconds, burst: 1, intervalMs: 1_000 / perSecond },
      },
      {
        name: 'bursts of 16',
        subscribers,
        load: {
          events: 16 * Math.ceil((perSecond * seconds) / 16),
          burst: 16,
          intervalMs: 16_000 / perSecond,
        },
      },
    ];
  });
}

/** CPU per delivered event next to a bare broadcast, one short run or three longer ones. */
export async function measureDelivery({ quick }: { readonly quick: boolean }): Promise<void> {
  const repeats = quick ? 1 : 3;
  const seconds = quick ? 2 : 5;
  const server = await startRabbitMq({ say: (line) => console.error(line) });
  console.log(`RabbitMQ ${server.version} (${server.how}), Node ${process.version}, ${cpus().length} cores`);
  const addresses: BrokerAddresses = { amqpUrl: server.url, managementUrl: server.managementUrl! };
  const vhost = await createVhost(addresses);
  const system = await TestSystem.start({
    amqpUrl: vhost.url,
    env: { RINGDOWN_WS_MAX_CONNECTIONS_PER_IP: 5_000, RINGDOWN_WS_MAX_CONNECTIONS_PER_PRINCIPAL: 5_000 },
  });
  const subjects = [
    await ringdownSubject(system, vhost.url, brokerPidOfPort(Number(new URL(server.url).port || 5672))),
    await bareWsSubject(),
  ];
  const results: Result[] = [];
  for (const scenario of scenariosOf(seconds)) results.push(...(await compare(scenario, subjects, repeats)));
  for (const subject of subjects) await subject.close();
  await system.stop();
  await vhost.delete();
  await server.stop();
  report(results, { broker: `${server.version} (${server.how})`, repeats, seconds });
}

/** Runs are interleaved, so that a noisy minute of the machine hits every subject. */
async function compare(scenario: Scenario, subjects: readonly Subject[], repeats: number): Promise<Result[]> {
  const runs = subjects.map((): Measurement[] => []);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const [i, subject] of subjects.entries()) {
      process.stderr.write(`${scenario.subscribers} subscribers, ${scenario.name}: ${subject.name} … `);
      const run = await measure(subject, scenario.subscribers, warmUpOf(scenario.load), scenario.load);
      process.stderr.write(`${micros(run.serverCpuUs)} µs\n`);
      runs[i]!.push(run);
    }
  }
  return subjects.map(({ name }, i) => ({
    scenario: scenario.name,
    subscribers: scenario.subscribers,
    subject: name,
    runs: runs[i]!,
  }));
}

function report(
  results: readonly Result[],
  {
    broker,
    repeats,
    seconds,
  }: { readonly broker: string; readonly repeats: number; readonly seconds: number },
): void {
  const rows = results.map(({ scenario, subscribers, subject, runs }) => {
    const peer = results.find(
      (other) =>
        other.scenario === scenario && other.subscribers === subscribers && other.subject.startsWith('bare'),
    )!;
    const cpu = medianOf(runs, 'serverCpuUs');
    const peerCpu = medianOf(peer.runs, 'serverCpuUs');
    return [
      `${subscribers} subscribers, ${scenario}`,
      subject,
      micros(cpu),
      cpu === null || peerCpu === null ? 'n/a' : (cpu / peerCpu).toFixed(2),
      micros(medianOf(runs, 'brokerCpuUs')),
      medianOf(runs, 'p50Ms')!.toFixed(1),
      medianOf(runs, 'p99Ms')!.toFixed(1),
      String(runs.reduce((total, { lost }) => total + lost, 0)),
      String(runs.reduce((total, { deliveries }) => total + deliveries, 0)),
    ];
  });
  const header = [
    'load',
    'subject',
    'gateway µs',
    'ratio',
    'broker µs',
    'p50 ms',
    'p99 ms',
    'lost',
    'delivered',
  ];
  console.log(`\nCPU per delivered event, medians of ${repeats} interleaved runs\n`);
  console.log(formatTable(header, rows));
  writeResult('delivery', { broker, repeats, seconds, results });
}

function medianOf(
  runs: readonly Measurement[],
  key: 'serverCpuUs' | 'brokerCpuUs' | 'p50Ms' | 'p99Ms',
): number | null {
  const values = runs.map((run) => run[key]).filter((value): value is number => value !== null);
  return values.length === 0 ? null : median(values);
}

function micros(value: number | null): string {
  return value === null ? 'n/a' : value.toFixed(2);
}
