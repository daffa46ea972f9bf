import type { WireMessage } from '@ringdown/contracts';
import { Outbox, type OutboxEntry, type OutboxSink } from './outbox';

/** A channel by hand: remembers what was sent and confirms on demand. */
class FakeChannel implements OutboxSink {
  readonly sent: OutboxEntry[] = [];
  private readonly confirms = new Map<string, (error: unknown) => void>();
  open = true;

  send(entry: OutboxEntry, confirmed: (error: unknown) => void): boolean {
    if (entry.message.routingKey === 'unencodable') throw new RangeError('header table too large');
    if (!this.open) return false;
    this.sent.push(entry);
    this.confirms.set(entry.message.routingKey, confirmed);
    return true;
  }

  get keys(): string[] {
    return this.sent.map((it) => it.message.routingKey);
  }

  confirm(key: string, error: unknown = null): void {
    this.confirms.get(key)?.(error);
    this.confirms.delete(key);
  }

  confirmAll(): void {
    for (const key of [...this.confirms.keys()]) this.confirm(key);
  }
}

function message(routingKey: string, body = ''): WireMessage {
  return {
    exchange: 'call',
    routingKey,
    body: Buffer.from(body),
    messageId: `id-${routingKey}`,
    timestampMs: 0,
    type: undefined,
    appId: undefined,
    contentType: undefined,
    headers: {},
  };
}

const refusal = Object.assign(new Error("NOT_FOUND - no exchange 'x'"), { code: 404 });

describe('the outbox', () => {
  let outbox: Outbox;
  let channel: FakeChannel;
  const opened: Outbox[] = [];

  beforeEach(() => {
    outbox = new Outbox({ maxMessages: 5_000, maxBytes: 10_000_000 }, () => 1_000);
    opened.push(outbox);
    channel = new FakeChannel();
  });
  afterEach(() => {
    for (const it of opened.splice(0)) it.close();
  });

  /** Publishes and lets the outcome be looked at without failing the test. */
  function publish(key: string, timeoutMs?: number): Promise<string> {
    return outbox.publish(message(key), timeoutMs === undefined ? {} : { timeoutMs }).then(
      ({ routed }) => (routed ? 'routed' : 'returned'),
      (error: { code: string }) => error.code,
    );
  }

  it('sends in order without waiting for confirms, and resolves each with its own', async () => {
    outbox.attach(channel);
    const [a, b] = [publish('a'), publish('b')];
    expect(channel.keys).toEqual(['a', 'b']);

    channel.confirm('b');
    expect(await b).toBe('routed');
    expect(outbox.size).toBe(1);
    channel.confirm('a');
    expect(await a).toBe('routed');
  });

  it('keeps what is published without a channel and sends it when there is one', async () => {
    const a = publish('a');
    outbox.attach(channel);
    channel.confirmAll();
    expect(await a).toBe('routed');
  });

  it('sends unconfirmed messages again, before newer ones, under the same id', async () => {
    outbox.attach(channel);
    const all = [publish('a'), publish('b'), publish('c')];
    channel.confirm('b');
    outbox.detach();
    all.push(publish('d'));

    const next = new FakeChannel();
    outbox.attach(next);
    expect(next.keys).toEqual(['a', 'c', 'd']);
    expect(next.sent.map((it) => it.message.messageId)).toEqual(['id-a', 'id-c', 'id-d']);
    channel.confirm('a');
    expect(outbox.size).toBe(3);
    next.confirmAll();
    expect(await Promise.all(all)).toEqual(['routed', 'routed', 'routed', 'routed']);
  });

  it('finds the one message the broker refused, and delivers the others in order', async () => {
    outbox.attach(channel);
    const outcomes = ['a', 'bad', 'b', 'c'].map((key) => publish(key));
    const accepted: string[] = [];

    // A broker that takes messages in order and closes the channel at the bad one.
    let current = channel;
    outbox.detach(refusal);
    for (let round = 0; outbox.size > 0 && round < 20; round += 1) {
      current = new FakeChannel();
      outbox.attach(current);
      for (let at = 0; at < current.sent.length; at += 1) {
        const key = current.keys[at]!;
        if (key === 'bad') {
          outbox.detach(refusal);
          break;
        }
        accepted.push(key);
        current.confirm(key);
      }
    }

    expect(await Promise.all(outcomes)).toEqual(['routed', 'not_found', 'routed', 'routed']);
    expect(accepted).toEqual(['a', 'b', 'c']);
  });

  it('never has a suspect share the channel with another message', () => {
    outbox.attach(channel);
    for (const key of ['a', 'b', 'c']) void publish(key);
    outbox.detach(refusal);
    void publish('later');

    const next = new FakeChannel();
    outbox.attach(next);
    for (const key of ['a', 'b', 'c']) {
      expect(next.keys[next.keys.length - 1]).toBe(key);
      next.confirm(key);
    }
    expect(next.keys).toEqual(['a', 'b', 'c', 'later']);
  });

  it('refuses above its limits of count and bytes, and takes again after confirms', async () => {
    outbox = new Outbox({ maxMessages: 2, maxBytes: 1_000_000 }, () => 0);
    opened.push(outbox);
    outbox.attach(channel);
    void publish('a');
    void publish('b');
    expect(await publish('c')).toBe('unavailable');
    channel.confirm('a');
    void publish('d');
    expect(channel.keys).toEqual(['a', 'b', 'd']);

    const small = new Outbox({ maxMessages: 100, maxBytes: 2_000 }, () => 0);
    opened.push(small);
    void small.publish(message('x', 'x'.repeat(1_500)), {}).catch(() => undefined);
    await expect(small.publish(message('y', 'y'.repeat(500)), {})).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
  });

  it('gives up at the deadline and does not send what it gave up', async () => {
    const a = publish('a', 1);
    expect(await a).toBe('unavailable');
    expect(outbox.size).toBe(0);
    outbox.attach(channel);
    expect(channel.keys).toEqual([]);
  });

  it('keeps nothing of what it gave up, however long the broker is away', async () => {
    const first = publish('first', 600_000);
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 500 }, () => publish('late', 1)));
    }

    expect(outbox.size).toBe(1);
    expect(outbox['waiting'].size).toBeLessThan(2_000);
    outbox.attach(channel);
    expect(channel.keys).toEqual(['first']);
    channel.confirmAll();
    expect(await first).toBe('routed');
  });

  it('sends nothing while held', async () => {
    outbox.attach(channel);
    outbox.hold(true);
    const a = publish('a');
    expect(channel.keys).toEqual([]);
    outbox.hold(false);
    expect(channel.keys).toEqual(['a']);
    channel.confirmAll();
    expect(await a).toBe('routed');
  });

  it('matches a return by sequence, and forgets it when the message is sent again', async () => {
    outbox.attach(channel);
    const outcome = outbox.publish(message('a'), { mandatory: true });
    outbox.markReturned(channel.sent[0]!.sequence);
    outbox.detach();
    const next = new FakeChannel();
    outbox.attach(next);
    next.confirmAll();
    expect(await outcome).toEqual({ routed: true });

    const returned = outbox.publish(message('b'), { mandatory: true });
    outbox.markReturned(next.sent[1]!.sequence);
    next.confirmAll();
    expect(await returned).toEqual({ routed: false });
  });

  it('rejects what cannot be encoded, and only that', async () => {
    outbox.attach(channel);
    const [a, bad, b] = [publish('a'), publish('unencodable'), publish('b')];
    expect(await bad).toBe('bad_request');
    channel.confirmAll();
    expect(await Promise.all([a, b])).toEqual(['routed', 'routed']);
  });

  it('keeps a message whose channel was just closing', async () => {
    channel.open = false;
    outbox.attach(channel);
    const a = publish('a');
    outbox.detach();
    const next = new FakeChannel();
    outbox.attach(next);
    next.confirmAll();
    expect(await a).toBe('routed');
  });

  it('reports a message the broker nacked as unavailable', async () => {
    outbox.attach(channel);
    const a = publish('a');
    channel.confirm('a', new Error('message nacked'));
    expect(await a).toBe('unavailable');
  });

  it('keeps its own copy of the bytes', () => {
    const body = Buffer.from('text');
    void outbox.publish({ ...message('a'), body }, {}).catch(() => undefined);
    body.fill(0);
    outbox.attach(channel);
    expect(channel.sent[0]!.message.body.toString()).toBe('text');
  });

  it('rejects everything when closed', async () => {
    outbox.attach(channel);
    const a = publish('a');
    outbox.detach();
    const b = publish('b');
    outbox.close();
    expect(await Promise.all([a, b, publish('c')])).toEqual(['closed', 'closed', 'closed']);
  });
});
