import { callEventNames, callRoutingKey, encodeEvent, type WireMessage } from '@ringdown/contracts';
import { waitUntil, type Reply, type WsClient } from '@ringdown/testing';

const MAX_AHEAD = 200;

/** Publishes one message and waits for the confirm. */
export type Publish = (message: WireMessage) => Promise<unknown>;

/** A number from 0 up to `below`, the same sequence for a seed. */
export function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

/** Waits for a few turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Concurrent calls, each with numbered events one after the other; between calls there is no order. */
export class NumberedCalls {
  /** Call id -> events confirmed. */
  readonly published = new Map<string, number>();
  private running = true;

  constructor(
    private readonly accountId: string,
    private readonly publishers: readonly Publish[],
    private readonly random: (below: number) => number,
    /** How many events a reader has seen; publishers do not run further ahead of it than it can follow. */
    private readonly seen?: () => number,
  ) {}

  get total(): number {
    return [...this.published.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Runs the calls until `end`. */
  async run(calls: number): Promise<void> {
    await Promise.all(Array.from({ length: calls }, (_, index) => this.call(`call.${index}@here`, index)));
  }

  end(): void {
    this.running = false;
  }

  private async call(callId: string, index: number): Promise<void> {
    const publish = this.publishers[index % this.publishers.length]!;
    for (let n = 1; this.running; n += 1) {
      const name = callEventNames[this.random(callEventNames.length)]!;
      await publish(
        encodeEvent({
          family: 'call',
          routingKey: callRoutingKey(name, callId),
          name,
          accountId: this.accountId,
          body: {
            call_id: callId,
            custom_channel_vars: { account_id: this.accountId },
            custom_application_vars: { n },
          },
        }),
      );
      this.published.set(callId, n);
      await turns(this.random(4));
      const { seen } = this;
      if (seen !== undefined) await waitUntil(() => this.total - seen() < MAX_AHEAD, { intervalMs: 5 });
    }
  }
}

interface CountedChannel {
  readonly call_id: string;
  readonly custom_application_vars: { readonly events: number };
}

/** What a client knows of numbered calls: how many events its snapshot contains, and those it got since. */
export class CountingClient {
  private counts = new Map<string, number>();
  readonly faults: string[] = [];
  private read = 0;

  constructor(
    readonly socket: WsClient,
    private readonly binding = 'call.*.*',
  ) {}

  /** Begins, or begins anew. */
  async subscribe(): Promise<void> {
    const reply = await this.ask();
    const { channels } = reply.data['snapshot'] as { channels: CountedChannel[] };
    // What came before the answer belongs to the picture before it.
    const until = this.socket.frames.indexOf(reply);
    this.catchUp(until);
    const next = new Map(channels.map((each) => [each.call_id, each.custom_application_vars.events]));
    for (const [callId, count] of this.counts) {
      if ((next.get(callId) ?? 0) < count) this.faults.push(`the snapshot of ${callId} is behind its stream`);
    }
    this.counts = next;
  }

  /** Does what the answer says when a busy machine was too slow; nothing may have changed then. */
  private async ask(attempts = 3): Promise<Reply> {
    const reply = await this.socket.request('subscribe', { binding: this.binding, snapshot: true });
    if (reply.status === 'success') return reply;
    if (attempts > 1 && reply.data.errors?.[0] === 'snapshot unavailable, try again') {
      return this.ask(attempts - 1);
    }
    throw new Error(`no snapshot: ${JSON.stringify(reply.data)}`);
  }

  /** Faults of a picture that must be complete. */
  async compare(published: ReadonlyMap<string, number>): Promise<readonly string[]> {
    const isComplete = (): boolean => {
      this.catchUp();
      return [...published].every(([callId, count]) => (this.counts.get(callId) ?? 0) >= count);
    };
    await waitUntil(isComplete, { timeoutMs: 20_000, what: 'the last event of every call' }).catch(
      (error: unknown) => this.faults.push(String(error)),
    );
    await this.socket.flush();
    this.catchUp();
    for (const [callId, count] of this.counts) {
      if (published.get(callId) !== count)
        this.faults.push(`${callId}: ${count} of ${published.get(callId)}`);
    }
    return this.faults;
  }

  private catchUp(until = this.socket.frames.length): void {
    for (; this.read < until; this.read += 1) {
      const frame = this.socket.frames[this.read]!;
      if (frame['action'] !== 'event') continue;
      const data = frame['data'] as { call_id: string; custom_application_vars: { n: number } };
      const expected = (this.counts.get(data.call_id) ?? 0) + 1;
      const { n } = data.custom_application_vars;
      if (n !== expected) this.faults.push(`${data.call_id}: event ${n} where ${expected} comes next`);
      this.counts.set(data.call_id, Math.max(n, expected - 1));
    }
  }
}
