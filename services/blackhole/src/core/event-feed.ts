import { AppError, memoised, type Lifecycle } from '@ringdown/core';
import type { Broker, Feed, Gap } from '@ringdown/broker';
import type { BindingFeed } from './broker-bindings';
import type { GapNotice } from './dialect';
import type { EventDispatcher } from './event-dispatcher';

const gapReasons: Readonly<Record<Gap['reason'], GapNotice['reason']>> = {
  reconnect: 'broker_reconnect',
  overflow: 'queue_overflow',
  cancelled: 'consumer_cancelled',
};

/** This process's one queue of events, from which the dispatcher is fed. Bindings can be made between start and stop. */
export class EventFeed implements Lifecycle, BindingFeed {
  private feed: Feed | undefined;

  constructor(
    private readonly broker: Pick<Broker, 'openFeed'>,
    private readonly dispatcher: Pick<EventDispatcher, 'onMessage' | 'onGap'>,
    private readonly maxLength: number,
  ) {}

  readonly start = memoised(async () => {
    this.feed = await this.broker.openFeed(
      { name: 'events', maxLength: this.maxLength },
      {
        onMessage: (message) => this.dispatcher.onMessage(message),
        onGap: ({ sinceMs, reason }) => this.dispatcher.onGap({ sinceMs, reason: gapReasons[reason] }),
      },
    );
  });

  readonly stop = memoised(async () => {
    await this.feed?.close();
    this.feed = undefined;
  });

  bind(exchange: string, pattern: string): Promise<void> {
    return this.requireFeed().then((feed) => feed.bind(exchange, pattern));
  }

  unbind(exchange: string, pattern: string): Promise<void> {
    return this.requireFeed().then((feed) => feed.unbind(exchange, pattern));
  }

  private requireFeed(): Promise<Feed> {
    return this.feed === undefined
      ? Promise.reject(new AppError('unavailable', 'the event feed is not open'))
      : Promise.resolve(this.feed);
  }
}
