import { WsClient, waitUntil, type ForeignAmqp } from '@ringdown/testing';
import { StompByHand } from '../stomp-by-hand';

/** One well-behaved client of each protocol, all subscribed to the same events. */
export class Bystanders {
  private published = 0;

  private constructor(
    private readonly publisher: ForeignAmqp,
    private readonly accountId: string,
    private readonly seen: readonly (() => readonly unknown[])[],
  ) {}

  static async join(
    wsUrl: string,
    token: string,
    accountId: string,
    publisher: ForeignAmqp,
  ): Promise<Bystanders> {
    const kazoo = await WsClient.connect(wsUrl, { token });
    await kazoo.subscribe('call.CHANNEL_CREATE.*');
    const hub = await WsClient.connect(`${wsUrl}/api/v1/ws/subscribe?event_types=call.CHANNEL_CREATE`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    await hub.waitForFrame(() => true, 10_000, 'the welcome');
    const stomp = await StompByHand.connect(`${wsUrl}/ws.communication`, token);
    await stomp.subscribe('/topic/call.CHANNEL_CREATE.*');
    return new Bystanders(publisher, accountId, [
      () => kazoo.events.map(({ data }) => data['call_id']),
      () => hub.frames.slice(1).map(({ body }) => (body as { readonly call_id?: unknown }).call_id),
      () => stomp.messages().map(({ body }) => (JSON.parse(body) as { readonly call_id: unknown }).call_id),
    ]);
  }

  /** Publishes one more event and waits until each got exactly the events there were, in their order. */
  async areServed(): Promise<void> {
    this.published += 1;
    const body = { call_id: `c${this.published}`, custom_channel_vars: { account_id: this.accountId } };
    await this.publisher.publish('call', `call.CHANNEL_CREATE.c${this.published}`, body);
    const expected = Array.from({ length: this.published }, (_, i) => `c${i + 1}`).join();
    await waitUntil(() => this.seen.every((events) => events().join() === expected), {
      timeoutMs: 30_000,
      intervalMs: 2,
      what: () =>
        `event ${this.published}; seen were ${this.seen.map((events) => events().slice(-3)).join(' | ')}`,
    });
  }
}
