import { deferred, silentLogger } from '@ringdown/core';
import type { BrokerState, Feed } from '../broker';
import { until } from '../contract/until';
import { ServiceBroker } from './service-broker';
import { StatusCell } from './status-cell';
import type { Transport } from './transport';

/** A transport that only has a status. */
function fakeTransport(): { transport: Transport; become(state: BrokerState): void } {
  const cell = new StatusCell(Date.now, silentLogger);
  const nothing = (): Promise<void> => Promise.resolve();
  const feed: Feed = { bind: nothing, unbind: nothing, bindings: [], close: nothing };
  const transport: Transport = {
    status: () => cell.get(),
    onStatus: (listener) => cell.subscribe(listener),
    start: () => Promise.resolve(cell.set('ready')),
    stop: nothing,
    publish: () => Promise.resolve({ routed: true }),
    unconfirmed: () => ({ messages: 0, bytes: 0 }),
    openFeed: () => Promise.resolve(feed),
    consumeQueue: () => Promise.reject(new Error('not expected')),
    setRequestListener: () => undefined,
    sendRequest: () => undefined,
    serveRequests: () => Promise.reject(new Error('not expected')),
    openLog: () => Promise.reject(new Error('not expected')),
    claim: () => Promise.reject(new Error('not expected')),
  };
  return { transport, become: (state) => cell.set(state) };
}

describe('a broker that was away', () => {
  it.each<BrokerState>(['ready', 'blocked'])(
    'and comes back %s counts as connecting until whoever may have missed something caught up',
    async (state) => {
      const { transport, become } = fakeTransport();
      const broker = new ServiceBroker(transport, {
        service: 'svc',
        instance: 'svc-1',
        clock: Date.now,
        logger: silentLogger,
        joinSettleMs: 0,
        drainTimeoutMs: 100,
      });
      await broker.start();
      const caughtUp = deferred();
      let asked = false;
      broker.onResync(() => {
        asked = true;
        return caughtUp.promise;
      });
      const seen: BrokerState[] = [];
      broker.onStatus((status) => seen.push(status.state));

      become('disconnected');
      become(state);
      await until('the listener is asked', () => asked);
      expect(broker.status().state).toBe('connecting');
      caughtUp.resolve();

      await until('the gate opens', () => broker.status().state === state);
      expect(seen).toEqual(['disconnected', 'connecting', state]);
      await broker.stop();
    },
  );
});
