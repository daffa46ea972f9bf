import { ForeignAmqp, type RunningService, type TestServer, type Vhost } from '@ringdown/testing';
import type { BroadcastCommand, BroadcastReply } from './bare-broadcast';
import { Child } from '../child';
import { cpuTimeUs } from '../cpu-time';
import { eventBody } from './event-body';
import { entrances, stompEntrance, type Entrance, type Protocol } from './protocols';
import { runSchedule, type Load } from './schedule';

/** Something that delivers events to subscribers: the gateway behind its broker, or a peer. */
export interface Subject {
  readonly kind: 'ringdown' | 'bare ws' | 'Web STOMP';
  readonly protocol: Protocol;
  readonly entrance: Entrance;
  /** Returns when the last event was handed over. */
  emit(load: Load): Promise<void>;
  /** CPU microseconds used so far by the server that holds the sockets; undefined: it is the broker itself. */
  serverCpuUs(): number | undefined;
  /** The same of the broker, where there is one. */
  brokerCpuUs(): number | undefined;
  close(): Promise<void>;
}

export interface RingdownParts {
  readonly gateway: RunningService;
  readonly accountId: string;
  readonly token: string;
  readonly publisher: Publisher;
  readonly brokerCpuUs: () => number | undefined;
}

/** The whole path: an AMQP client publishes, RabbitMQ routes, a blackhole process delivers. */
export function ringdownSubject(protocol: Protocol, parts: RingdownParts): Subject {
  const { gateway, publisher } = parts;
  return {
    kind: 'ringdown',
    protocol,
    entrance: entrances[protocol](gateway.wsUrl, parts.token),
    emit: (load) => publisher.emit(load, parts.accountId),
    serverCpuUs: () => cpuTimeUs(gateway.process.pid),
    brokerCpuUs: parts.brokerCpuUs,
    close: () => Promise.resolve(),
  };
}

/**
 * A bare `ws` server that writes a ready frame, as long as one of the protocol, to every client, with nothing before or
 * beside it.
 */
export async function bareWsSubject(protocol: Protocol): Promise<Subject> {
  const child = new Child<BroadcastCommand, BroadcastReply>('delivery/bare-broadcast.js');
  const listening = await child.next();
  if (listening.kind !== 'listening') throw new Error('the peer did not start');
  return {
    kind: 'bare ws',
    protocol,
    entrance: { url: `ws://127.0.0.1:${listening.port}`, headers: {}, steps: [] },
    async emit(load) {
      await child.ask({ kind: 'broadcast', protocol, load });
    },
    serverCpuUs: () => cpuTimeUs(child.pid),
    brokerCpuUs: () => undefined,
    close: () => {
      child.stop();
      return Promise.resolve();
    },
  };
}

/** RabbitMQ's own sockets: it routes and delivers by itself, from a queue per subscriber, in a vhost of their own. */
export async function webStompSubject(
  { webStompUrl }: TestServer,
  vhost: Vhost,
  brokerCpuUs: () => number | undefined,
): Promise<Subject> {
  if (webStompUrl === undefined) throw new Error('this RabbitMQ does not speak STOMP over WebSockets');
  const publisher = await Publisher.connect(vhost.url);
  await publisher.declareExchange();
  const { username, password } = new URL(vhost.url);
  const login = { host: vhost.name, login: username, passcode: password };
  return {
    kind: 'Web STOMP',
    protocol: 'stomp',
    entrance: stompEntrance(webStompUrl, `/exchange/${EXCHANGE}/call.CHANNEL_CREATE.*`, login),
    emit: (load) => publisher.emit(load, vhost.name),
    serverCpuUs: () => undefined,
    brokerCpuUs,
    close: () => publisher.close(),
  };
}

const EXCHANGE = 'call';

/** An AMQP client that publishes on schedule and waits for the confirms. */
export class Publisher {
  private constructor(private readonly amqp: ForeignAmqp) {}

  static async connect(url: string): Promise<Publisher> {
    return new Publisher(await ForeignAmqp.connect(url));
  }

  /** As the gateway declares it. */
  async declareExchange(): Promise<void> {
    await this.amqp.channel.assertExchange(EXCHANGE, 'topic', { durable: true });
  }

  async emit(load: Load, accountId: string): Promise<void> {
    const confirms: Promise<void>[] = [];
    await runSchedule(load, (sequence, dueMs) => {
      const body = eventBody(accountId, sequence, dueMs);
      confirms.push(this.amqp.publish(EXCHANGE, `call.CHANNEL_CREATE.bench-${sequence}`, body));
    });
    await Promise.all(confirms);
  }

  close(): Promise<void> {
    return this.amqp.close();
  }
}
