import { createEmbeddedHub, type Broker } from '@ringdown/broker';
import { loadSettings } from '@ringdown/config';
import {
  listChannels,
  type ChannelState,
  type ListChannelsRequest,
  type WireMessage,
} from '@ringdown/contracts';
import { memoised, silentLogger } from '@ringdown/core';
import type { ServiceModule } from '@ringdown/runtime';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { buildChannels } from '../channels';

type BrokerFactory = (service: string) => Broker;

/** A running registry with somebody beside it who publishes and asks. */
export interface TestChannels {
  readonly service: ServiceModule;
  /** Of the registry itself. */
  readonly broker: Broker;
  readonly peer: Broker;
  publish(...messages: readonly WireMessage[]): Promise<void>;
  /** All pages. */
  list(request?: ListChannelsRequest): Promise<readonly ChannelState[]>;
  /** Waits until so many channels are listed, all accounts together. */
  waitForCount(count: number): Promise<void>;
  metric(name: string): Promise<string[]>;
  stop(): Promise<void>;
}

export function embedded(): BrokerFactory {
  const hub = createEmbeddedHub();
  return (service) => hub.connect({ service, logger: silentLogger });
}

/** Builds and starts a registry; `prepare` runs before, with a broker that is connected already. */
export async function startChannels(
  connect: BrokerFactory = embedded(),
  prepare: (peer: Broker) => Promise<void> = () => Promise.resolve(),
): Promise<TestChannels> {
  const peer = connect('spec');
  await peer.start();
  await prepare(peer);
  let own: Broker | undefined;
  const service = buildChannels(loadSettings({}), {
    brokerFactory: (name) => (own = connect(name)),
    logger: silentLogger,
  });
  const stop = memoised(async () => {
    service.beginDrain();
    for (const component of [...service.components].reverse()) await component.stop();
    await peer.stop();
  });
  onTeardown(stop);
  for (const component of service.components) await component.start();

  const list = async (request: ListChannelsRequest = {}): Promise<readonly ChannelState[]> => {
    const channels: ChannelState[] = [];
    let after: string | undefined;
    do {
      const page = await peer.request(listChannels, {
        ...request,
        ...(after === undefined ? {} : { after }),
      });
      channels.push(...page.channels);
      after = page.next;
    } while (after !== undefined);
    return channels;
  };
  return {
    service,
    broker: own!,
    peer,
    publish: async (...messages) => {
      await Promise.all(messages.map((message) => peer.publish(message)));
    },
    list,
    waitForCount: async (count) => {
      await waitUntil(async () => (await list()).length === count, {
        timeoutMs: 15_000,
        what: `${count} channels`,
      });
    },
    metric: async (name) => {
      const text = await service.metrics.metrics();
      return text.split('\n').filter((line) => line.startsWith(name));
    },
    stop,
  };
}
