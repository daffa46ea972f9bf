import { silentLogger } from '@ringdown/core';
import type { Principal } from '@ringdown/auth';
import type { WheelEntry } from '../core/deadline-wheel';
import type { GatewayMetrics } from '../core/metrics';
import type { Session } from '../core/session';
import type { SubscriptionService } from '../core/subscriptions';
import type { Access } from '../core/access';
import { HeartBeatTimer, type HeartBeat } from './heart-beat';
import { StompConnection } from './stomp-connection';
import { StompFault } from './stomp-fault';
import { Transactions } from './transactions';

/** Time passes when a test says so. */
class FakeWheel {
  private now = 0;
  private readonly timers = new Set<{ readonly at: number; readonly run: () => void }>();

  get size(): number {
    return this.timers.size;
  }

  after(delayMs: number, run: () => void): WheelEntry {
    const timer = { at: this.now + delayMs, run };
    this.timers.add(timer);
    return { cancel: () => this.timers.delete(timer) } as unknown as WheelEntry;
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.timers.delete(next);
      this.now = next.at;
      next.run();
    }
    this.now = end;
  }
}

describe('heart-beats', () => {
  function start(agreed: HeartBeat) {
    const wheel = new FakeWheel();
    const peer = { said: false, beats: 0, lost: 0 };
    const timer = new HeartBeatTimer(agreed, wheel, {
      heard: () => {
        const { said } = peer;
        peer.said = false;
        return said;
      },
      beat: () => (peer.beats += 1),
      onLost: () => (peer.lost += 1),
    });
    return { wheel, peer, timer };
  }

  it('are lost after two intervals of silence, once', () => {
    const { wheel, peer } = start({ incomingMs: 100, outgoingMs: 0 });

    wheel.pass(199);
    expect(peer.lost).toBe(0);
    wheel.pass(1_000);
    expect(peer.lost).toBe(1);
    expect(wheel.size).toBe(0);
  });

  it('are not lost by a peer that speaks in every other interval, however long', () => {
    const { wheel, peer } = start({ incomingMs: 100, outgoingMs: 0 });

    for (let round = 0; round < 50; round += 1) {
      peer.said = true;
      wheel.pass(200);
    }
    expect(peer.lost).toBe(0);
    wheel.pass(100);
    expect(peer.lost).toBe(1);
  });

  it('are sent before they are due', () => {
    const { wheel, peer } = start({ incomingMs: 0, outgoingMs: 100 });

    wheel.pass(1_000);

    expect(peer.beats).toBeGreaterThanOrEqual(10);
  });

  it('that are stopped leave no timer', () => {
    const { wheel, peer, timer } = start({ incomingMs: 100, outgoingMs: 100 });

    timer.stop();

    expect(wheel.size).toBe(0);
    wheel.pass(1_000);
    expect(peer).toMatchObject({ beats: 0, lost: 0 });
  });
});

describe('a connection', () => {
  function open(policy: { readonly refuses?: boolean } = {}) {
    const wheel = new FakeWheel();
    const sent: string[] = [];
    const closed: string[] = [];
    const session = {
      id: 'socket',
      isOpen: true,
      isPaused: false,
      heard: false,
      principal: { accountId: 'a', userId: 'u' } as Principal,
      takeRate: () => true,
      send: (text: string) => sent.push(text),
      close: ({ name }: { readonly name: string }) => closed.push(name),
    };
    const connection = new StompConnection(session as unknown as Session, {
      access: { revision: 1 } as Access,
      subscriptions: {} as SubscriptionService,
      policy: {
        name: 'test',
        authenticate: () => Promise.reject(new Error('not asked')),
        onConnect: () =>
          policy.refuses === true ? Promise.reject(new StompFault('not today')) : Promise.resolve(),
        destination: () => {
          throw new StompFault('unknown destination');
        },
      },
      wheel,
      metrics: {
        requestReceived: () => undefined,
        requestFailed: () => undefined,
      } as unknown as GatewayMetrics,
      logger: silentLogger,
      limits: {
        connectTimeoutMs: 10_000,
        maxFrameBytesBeforeConnect: 1_000,
        maxFrameBytes: 1_000,
        maxHeaders: 10,
        maxLineBytes: 100,
        maxSubscriptions: 1,
        maxUnacknowledged: 1,
      },
      heartBeatMs: 100,
      messageIdPrefix: 'p',
      logRequests: false,
    });
    const say = (frame: string): Promise<void> => connection.receive(Buffer.from(`${frame}\0`));
    return { wheel, sent, closed, session, connection, say };
  }

  const CONNECT = 'CONNECT\naccept-version:1.2\nheart-beat:100,100\n\n';

  it('waits for CONNECT with one timer, which is gone when it ends', () => {
    const { wheel, closed, connection } = open();
    expect(wheel.size).toBe(1);

    connection.dispose();

    expect(wheel.size).toBe(0);
    wheel.pass(60_000);
    expect(closed).toEqual([]);
  });

  it('beats and listens after CONNECT, and no longer when it ends', async () => {
    const { wheel, sent, closed, connection, say } = open();
    await say(CONNECT);
    expect(wheel.size).toBe(2);

    connection.dispose();

    expect(wheel.size).toBe(0);
    wheel.pass(60_000);
    expect(sent).toHaveLength(1);
    expect(closed).toEqual([]);
  });

  it('lives as long as bytes come, whatever they are', async () => {
    const { wheel, closed, session, say } = open();
    await say(CONNECT);

    for (let round = 0; round < 20; round += 1) {
      session.heard = true;
      wheel.pass(200);
    }
    expect(closed).toEqual([]);
    wheel.pass(100);
    expect(closed).toEqual(['heart_beat_lost']);
  });

  it('that its endpoint does not let in gets no CONNECTED', async () => {
    const { sent, closed, say } = open({ refuses: true });

    await say(`CONNECT\naccept-version:1.2\nreceipt:r-1\n\n`);

    expect(sent).toEqual(['ERROR\nmessage:not today\nreceipt-id:r-1\n\n\0']);
    expect(closed).toEqual(['stomp_error']);
  });

  it.each([
    [
      'a frame that cannot be obeyed',
      'SUBSCRIBE\nid:1\ndestination:x\nreceipt:r-1\n\n',
      'unknown destination',
    ],
    ['a frame without what it needs', 'ACK\nreceipt:r-1\n\n', 'missing header id'],
    ['a second CONNECT', 'CONNECT\naccept-version:1.2\nreceipt:r-1\n\n', 'already connected'],
    ['a frame that cannot be read to its end', 'SEND\nreceipt:r-1\nno colon\n\n', 'header without colon'],
  ])('answers %s with an ERROR that has its receipt-id, and no RECEIPT', async (_what, frame, message) => {
    const { sent, say } = open();
    await say(CONNECT);

    await say(frame);

    const [, error = '', ...more] = sent;
    expect(error).toContain(`message:${message}`);
    expect(error).toMatch(/^ERROR\n(?:.*\n)*receipt-id:r-1\n/);
    expect(more.join()).not.toContain('RECEIPT');
  });

  it('that ends has aborted its transactions', async () => {
    const { sent, connection, say } = open();
    await say(CONNECT);
    await say('BEGIN\ntransaction:t\n\n');

    connection.dispose();
    await say('COMMIT\ntransaction:t\n\n');

    expect(sent.at(-1)).toContain('message:unknown transaction');
  });
});

describe('transactions', () => {
  const unknown = 'unknown transaction';

  it('that were committed or aborted are over, and make room', () => {
    const transactions = new Transactions<string>();
    for (let round = 0; round < 20; round += 1) {
      transactions.begin('t');
      transactions.hold('t', 'one');
      if (round % 2 === 0) transactions.abort('t');
      else expect(transactions.commit('t')).toEqual(['one']);
      expect(() => transactions.hold('t', 'x')).toThrow(unknown);
      expect(() => transactions.commit('t')).toThrow(unknown);
      expect(() => transactions.abort('t')).toThrow(unknown);
    }
    for (let id = 0; id < 16; id += 1) transactions.begin(String(id));
    expect(() => transactions.begin('16')).toThrow('too many transactions');
  });

  it('hold what an aborted one of the same name held no more', () => {
    const transactions = new Transactions<string>();
    transactions.begin('t');
    transactions.hold('t', 'before');
    transactions.abort('t');
    transactions.begin('t');
    transactions.hold('t', 'after');

    expect(transactions.commit('t')).toEqual(['after']);
  });
});
