import { RecentSet, newId } from '@ringdown/core';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';

/** What the kit needs to know of a service: a ServiceModule is one. */
export interface TestedService {
  readonly components: readonly {
    readonly name: string;
    start(): Promise<void>;
    stop(): Promise<void>;
  }[];
  readiness(): { readonly ready: boolean; readonly checks: Readonly<Record<string, string>> };
  beginDrain(): void;
}

interface AskOptions {
  /** The same for a retry of the same request. Default: a new one. */
  readonly requestId?: string;
  readonly timeoutMs?: number;
}

/** What comes out of an exchange. */
interface Published {
  readonly exchange: string;
  readonly routingKey: string;
  readonly messageId: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the kit needs to know of the client beside the service: a Broker is one. */
export interface TestedClient {
  start(): Promise<void>;
  stop(): Promise<void>;
  request(operation: never, payload: never, options?: AskOptions): Promise<unknown>;
  openFeed(
    options: { readonly name: string; readonly maxLength: number },
    handlers: { onMessage(message: Published): void; onGap(): void },
  ): Promise<{ bind(exchange: string, pattern: string): Promise<void> }>;
}

/** An event as a subscriber sees it. */
export interface SeenEvent {
  readonly exchange: string;
  readonly routingKey: string;
  readonly name: string;
  readonly messageId: string | undefined;
  readonly accountId: string | undefined;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface HarnessParts<Service, Client> {
  readonly service: Service;
  /** Of somebody who asks and listens. */
  readonly client: Client;
  /** Closed behind the service when a failing spec did not do it. */
  readonly database: { close(): Promise<void> };
  /** All their events are heard. */
  readonly exchanges: readonly string[];
  /** Components that are not started. */
  readonly without?: readonly string[] | undefined;
}

/** A service in this process, with a client beside it and an ear on its exchanges. */
export class ServiceHarness<Service extends TestedService, Client extends TestedClient> {
  readonly service: Service;
  readonly client: Client;
  readonly events: SeenEvent[] = [];

  constructor(private readonly parts: HarnessParts<Service, Client>) {
    this.service = parts.service;
    this.client = parts.client;
    // A failing spec must not leave loops behind; stopping twice is harmless.
    onTeardown(async () => {
      await this.stop();
      await parts.database.close();
    });
  }

  /** Listens first, so that it hears what the start itself tells. */
  async start(): Promise<this> {
    const { exchanges, without } = this.parts;
    await this.client.start();
    const feed = await this.client.openFeed(
      { name: 'ear', maxLength: 100_000 },
      { onMessage: (message) => void this.events.push(seen(message)), onGap: () => undefined },
    );
    for (const exchange of exchanges) await feed.bind(exchange, '#');
    for (const part of this.service.components) {
      if (!without?.includes(part.name)) await part.start();
    }
    return this;
  }

  async stop(): Promise<void> {
    this.service.beginDrain();
    for (const part of [...this.service.components].reverse()) await part.stop();
    await this.client.stop();
  }

  /** Asks as a gateway does. */
  readonly ask = ((operation: never, payload: never, options: AskOptions = {}) =>
    this.client.request(operation, payload, {
      requestId: newId(),
      timeoutMs: 20_000,
      ...options,
    })) as Client['request'];

  /** The events that match, in their order, once there are `count`. */
  eventsWhere(matches: (event: SeenEvent) => boolean, count: number): Promise<SeenEvent[]> {
    return waitUntil(
      () => {
        const found = this.events.filter(matches);
        return found.length >= count && found;
      },
      { what: () => `${count} events, there are ${JSON.stringify(this.events.filter(matches))}` },
    );
  }

  /** The same, as they are for a reader who drops repeats. */
  firstSeen(matches: (event: SeenEvent) => boolean): SeenEvent[] {
    const repeats = new RecentSet(10_000);
    return this.events.filter((event) => matches(event) && repeats.add(String(event.messageId)));
  }
}

function seen({ exchange, routingKey, messageId, headers, body: bytes }: Published): SeenEvent {
  const text = bytes.toString('utf8');
  const body = JSON.parse(text) as Record<string, unknown>;
  const name = String(body['event_name']);
  return { exchange, routingKey, name, messageId, accountId: headers['account_id'], text, body };
}
