import { cpus } from 'node:os';
import {
  TestSystem,
  createVhost,
  startRabbitMq,
  type BrokerAddresses,
  type TestServer,
} from '@ringdown/testing';
import { brokerPidOf, cpuTimeUs } from '../cpu-time';
import { measure, warmUpOf, type Measurement } from './measure';
import { protocols, type Protocol } from './protocols';
import type { Load } from './schedule';
import { formatTable, median } from '../statistics';
import { writeResult } from '../results';
import { Publisher, bareWsSubject, ringdownSubject, webStompSubject, type Subject } from './subjects';

export interface DeliveryOptions {
  readonly quick: boolean;
  /** Default: all. */
  readonly protocols?: readonly Protocol[];
}

interface Scenario {
  readonly name: string;
  readonly subscribers: number;
  readonly load: Load;
  /** Default: all that are wanted. */
  readonly protocol?: Protocol;
}

interface Result extends Pick<Subject, 'kind' | 'protocol'> {
  readonly scenario: string;
  readonly subscribers: number;
  readonly runs: readonly Measurement[];
}

/**
 * 20,000 deliveries a second in all: evenly spread events, and the same in bursts of 16. RabbitMQ's own sockets may not
 * keep up with that, so STOMP is compared at a quarter of it, too.
 */
function scenariosOf(seconds: number): readonly Scenario[] {
  const quarter: Scenario = {
    name: 'a quarter of it',
    subscribers: 200,
    load: { events: 25 * seconds, burst: 1, intervalMs: 40 },
    protocol: 'stomp',
  };
  const whole = [200, 1_000].flatMap((subscribers) => {
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
  return [...whole, quarter];
}

/**
 * CPU per delivered event of each protocol next to a bare broadcast of frames of its size, and of STOMP next to RabbitMQ's
 * own; one short run or three longer ones.
 */
export async function measureDelivery({
  quick,
  protocols: wanted = protocols,
}: DeliveryOptions): Promise<void> {
  const repeats = quick ? 1 : 3;
  const seconds = quick ? 2 : 5;
  const say = (line: string): void => console.error(line);
  const server = await startRabbitMq({ say }, { webStomp: wanted.includes('stomp') });
  const broker = `${server.version} (${server.how})`;
  console.log(`RabbitMQ ${broker}, Node ${process.version}, ${cpus().length} cores`);
  const { subjects, close } = await startSubjects(server, wanted);
  const results: Result[] = [];
  for (const scenario of scenariosOf(seconds)) {
    const those = subjects.filter(({ protocol }) => (scenario.protocol ?? protocol) === protocol);
    results.push(...(await compare(scenario, those, repeats)));
  }
  await close();
  await server.stop();
  report(results, repeats);
  writeResult('delivery', { broker, repeats, seconds, results });
}

async function startSubjects(
  server: TestServer,
  wanted: readonly Protocol[],
): Promise<{ readonly subjects: readonly Subject[]; close(): Promise<void> }> {
  const addresses: BrokerAddresses = { amqpUrl: server.url, managementUrl: server.managementUrl! };
  const vhost = await createVhost(addresses);
  const peerVhost = await createVhost(addresses);
  const system = await TestSystem.start({
    amqpUrl: vhost.url,
    env: { RINGDOWN_WS_MAX_CONNECTIONS_PER_IP: 5_000, RINGDOWN_WS_MAX_CONNECTIONS_PER_PRINCIPAL: 5_000 },
  });
  const brokerPid = brokerPidOf(server);
  const brokerCpuUs = (): number | undefined => (brokerPid === undefined ? undefined : cpuTimeUs(brokerPid));
  const { token, accountId } = await system.admin();
  const publisher = await Publisher.connect(vhost.url);
  const parts = { gateway: system.blackholes[0]!, accountId, token: token!, publisher, brokerCpuUs };

  const subjects: Subject[] = [];
  for (const protocol of wanted) {
    subjects.push(ringdownSubject(protocol, parts), await bareWsSubject(protocol));
  }
  if (wanted.includes('stomp')) {
    if (server.webStompUrl === undefined)
      console.log('This RabbitMQ is not ours, so its Web STOMP is not compared.');
    else subjects.push(await webStompSubject(server, peerVhost, brokerCpuUs));
  }
  return {
    subjects,
    async close() {
      for (const subject of subjects) await subject.close();
      await publisher.close();
      await system.stop();
      await vhost.delete();
      await peerVhost.delete();
    },
  };
}

/** Runs are interleaved, so that a noisy minute of the machine hits every subject; each begins the round once. */
async function compare(scenario: Scenario, subjects: readonly Subject[], repeats: number): Promise<Result[]> {
  const runs = new Map(subjects.map((subject): [Subject, Measurement[]] => [subject, []]));
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const first = Math.floor((repeat * subjects.length) / repeats);
    for (const subject of [...subjects.slice(first), ...subjects.slice(0, first)]) {
      process.stderr.write(`${scenario.subscribers} subscribers, ${scenario.name}: ${nameOf(subject)} … `);
      const run = await measure(subject, scenario.subscribers, warmUpOf(scenario.load), scenario.load);
      process.stderr.write(`${micros(sumOf(subject.kind, run))} µs\n`);
      runs.get(subject)!.push(run);
    }
  }
  return Array.from(runs, ([{ kind, protocol }, ofSubject]) => ({
    scenario: scenario.name,
    subscribers: scenario.subscribers,
    kind,
    protocol,
    runs: ofSubject,
  }));
}

function report(results: readonly Result[], repeats: number): void {
  const rows = results.map((result) => {
    const { scenario, subscribers, kind, runs } = result;
    const peer = results.find(
      (other) =>
        other.scenario === scenario &&
        other.subscribers === subscribers &&
        other.protocol === result.protocol &&
        other.kind === 'bare ws',
    )!;
    const cpu = medianOf(runs, 'serverCpuUs');
    const peerCpu = medianOf(peer.runs, 'serverCpuUs');
    const sums = runs.map((run) => sumOf(kind, run)).filter((sum) => sum !== null);
    return [
      `${subscribers} subscribers, ${scenario}`,
      nameOf(result),
      medianOf(runs, 'frameBytes')!.toFixed(0),
      kind === 'Web STOMP' ? '' : micros(cpu),
      cpu === null || peerCpu === null ? '' : (cpu / peerCpu).toFixed(2),
      kind === 'bare ws' ? '' : micros(medianOf(runs, 'brokerCpuUs')),
      micros(sums.length === 0 ? null : median(sums)),
      medianOf(runs, 'p50Ms')!.toFixed(1),
      medianOf(runs, 'p99Ms')!.toFixed(1),
      String(runs.reduce((total, { lost }) => total + lost, 0)),
      String(runs.reduce((total, { deliveries }) => total + deliveries, 0)),
    ];
  });
  const header = [
    'load',
    'subject',
    'bytes',
    'gateway µs',
    'ratio',
    'broker µs',
    'sum µs',
    'p50 ms',
    'p99 ms',
    'lost',
    'delivered',
  ];
  console.log(
    `\nCPU per delivered event, medians of ${repeats} interleaved runs; ratio: to the bare ws above\n`,
  );
  console.log(formatTable(header, rows));
}

function nameOf({ kind, protocol }: Pick<Subject, 'kind' | 'protocol'>): string {
  return `${kind}, ${protocol}`;
}

/** Everything on the server's side; null where a part of it is not known. */
function sumOf(kind: Subject['kind'], { serverCpuUs, brokerCpuUs }: Measurement): number | null {
  if (kind === 'bare ws') return serverCpuUs;
  if (kind === 'Web STOMP') return brokerCpuUs;
  return serverCpuUs === null || brokerCpuUs === null ? null : serverCpuUs + brokerCpuUs;
}

function medianOf(
  runs: readonly Measurement[],
  key: 'serverCpuUs' | 'brokerCpuUs' | 'frameBytes' | 'p50Ms' | 'p99Ms',
): number | null {
  const values = runs.map((run) => run[key]).filter((value): value is number => value !== null);
  return values.length === 0 ? null : median(values);
}

function micros(value: number | null): string {
  return value === null ? 'n/a' : value.toFixed(2);
}
