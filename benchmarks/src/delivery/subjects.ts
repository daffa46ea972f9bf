import { ForeignAmqp, type TestSystem } from '@ringdown/testing';
import type { BroadcastCommand, BroadcastReply } from './bare-broadcast';
import { Child } from '../child';
import { cpuTimeUs } from '../cpu-time';
import { eventBody } from './event-body';
import { runSchedule, type Load } from './schedule';

/** Something that delivers events to subscribers: the gateway behind its broker, or a peer. */
export interface Subject {
  readonly name: string;
  readonly url: string;
  /** What a subscriber sends first; undefined when connecting is enough. */
  readonly subscription: string | undefined;
  /** Returns when the last event was handed over. */
  emit(load: Load): Promise<void>;
  /** CPU microseconds used so far by the server that holds the sockets. */
  serverCpuUs(): number | undefined;
  /** The same of the broker, where there is one. */
  brokerCpuUs(): number | undefined;
  close(): Promise<void>;
}

/** The whole path: an AMQP client publishes, RabbitMQ routes, a blackhole process delivers. */
export async function ringdownSubject(
  system: TestSystem,
  amqpUrl: string,
  brokerPid: number | undefined,
): Promise<Subject> {
  const admin = await system.admin();
  const gateway = system.blackholes[0]!;
  const publisher = await ForeignAmqp.connect(amqpUrl);
  return {
    name: 'ringdown: RabbitMQ + blackhole',
    url: gateway.wsUrl,
    subscription: JSON.stringify({
      action: 'subscribe',
      auth_token: admin.token,
      data: { binding: 'call.CHANNEL_CREATE.*' },
    }),
    async emit(load) {
      const confirms: Promise<void>[] = [];
      await runSchedule(load, (sequence, dueMs) => {
        confirms.push(
          publisher.publish(
            'call',
            `call.CHANNEL_CREATE.bench-${sequence}`,
            eventBody(admin.accountId, sequence, dueMs),
          ),
        );
      });
      await Promise.all(confirms);
    },
    serverCpuUs: () => cpuTimeUs(gateway.process.pid),
    brokerCpuUs: () => (brokerPid === undefined ? undefined : cpuTimeUs(brokerPid)),
    close: () => publisher.close(),
  };
}

/** The peer: a bare `ws` server that writes a ready frame to every client, with nothing before or beside it. */
export async function bareWsSubject(): Promise<Subject> {
  const child = new Child<BroadcastCommand, BroadcastReply>('delivery/bare-broadcast.js');
  const listening = await child.next();
  if (listening.kind !== 'listening') throw new Error('the peer did not start');
  return {
    name: 'bare ws: broadcast of a ready frame',
    url: `ws://127.0.0.1:${listening.port}`,
    subscription: undefined,
    async emit(load) {
      await child.ask({ kind: 'broadcast', load });
    },
    serverCpuUs: () => cpuTimeUs(child.pid),
    brokerCpuUs: () => undefined,
    close: () => {
      child.stop();
      return Promise.resolve();
    },
  };
}
