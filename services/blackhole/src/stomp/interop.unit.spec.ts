import { WebSocket, createWebSocketStream } from 'ws';
import { TcpProxy, onTeardown, waitUntil } from '@ringdown/testing';
import {
  loadRxStomp,
  loadStompJs,
  loadStompit,
  loadWebstomp,
  type ForeignFrame,
  type StompJsClient,
  type StompJsConfig,
  type StompitClient,
  type StompitMessage,
  type WebstompClient,
} from '../testing/foreign-stomp';
import { CUSTOMER, callCreated, startBlackhole, type TestBlackhole } from '../testing/start-blackhole';

const PROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];
const DESTINATION = '/topic/call.*.*';

let system: TestBlackhole;
let proxy: TcpProxy;
let url: string;

beforeAll(async () => {
  system = await startBlackhole({ wsHeartbeatIntervalMs: 400 });
  proxy = await TcpProxy.to(system.blackhole.port);
  url = proxy.rewrite(new URL('/ws.communication', system.url).href);
});

afterEach(async () => {
  proxy.set('pass');
  // Whatever a client did, nothing of it is left.
  await waitUntil(async () =>
    (await system.metric('ringdown_blackhole_subscriptions ')).join().endsWith(' 0'),
  );
});

const publish = (callId: string): Promise<void> => system.publish(callCreated(CUSTOMER, callId));
const callIn = (body: string): string => (JSON.parse(body) as { call_id: string }).call_id;

/** From now on what this socket sends goes nowhere, while it goes on answering pings. */
function silence(socket: WebSocket): void {
  socket.send = () => undefined;
}

describe.each(['@stomp/stompjs', 'stompjs-6'] as const)('%s', (name) => {
  const { Client } = loadStompJs(name);
  const clients: StompJsClient[] = [];

  function make(config: Partial<StompJsConfig> = {}) {
    const seen: string[] = [];
    const errors: ForeignFrame[] = [];
    const closes: number[] = [];
    const client = new Client({
      webSocketFactory: () => new WebSocket(url, PROTOCOLS),
      connectHeaders: { Authorization: system.token },
      reconnectDelay: 0,
      ...config,
    });
    client.onStompError = (frame) => errors.push(frame);
    client.onWebSocketClose = ({ code }) => closes.push(code);
    clients.push(client);
    return { client, seen, errors, closes };
  }

  function listen(client: StompJsClient, seen: string[], headers: Record<string, string> = {}) {
    return client.subscribe(DESTINATION, ({ body }) => seen.push(callIn(body)), headers);
  }

  const subscribed = (client: StompJsClient, seen: string[]): Promise<unknown> =>
    new Promise((resolve) => {
      client.onConnect = () => {
        client.watchForReceipt('subscribed', resolve);
        listen(client, seen, { receipt: 'subscribed' });
      };
      client.activate();
    });

  afterEach(async () => {
    proxy.set('pass');
    for (const client of clients.splice(0)) {
      client.reconnectDelay = 0;
      client.webSocket?.terminate();
      await client.deactivate();
    }
  });

  it('connects, subscribes, gets events and receipts, and says goodbye', async () => {
    const { client, seen, errors, closes } = make();
    await subscribed(client, seen);
    expect(client.connectedVersion).toBe('1.2');

    await publish('one');
    await publish('two');
    await waitUntil(() => seen.length === 2);
    expect(seen).toEqual(['one', 'two']);

    const goodbye = jest.fn();
    client.onDisconnect = goodbye;
    await client.deactivate();
    await waitUntil(() => closes.length === 1);
    expect(goodbye).toHaveBeenCalledTimes(1);
    expect(closes).toEqual([1000]);
    expect(errors).toEqual([]);
  });

  it('may unsubscribe after its DISCONNECT', async () => {
    const { client, seen, errors, closes } = make();
    await subscribed(client, seen);
    const other = client.subscribe('/queue/message', () => undefined);
    const bye = client.deactivate();
    other.unsubscribe();

    await bye;
    await waitUntil(() => closes.length === 1);
    expect(errors).toEqual([]);
  });

  it('acknowledges one by one, also in a transaction', async () => {
    const { client, errors } = make();
    const messages: ForeignFrame[] = [];
    await new Promise<void>((resolve) => {
      client.onConnect = () => {
        client.watchForReceipt('ready', () => resolve());
        client.subscribe(DESTINATION, (message) => messages.push(message), {
          ack: 'client-individual',
          receipt: 'ready',
        });
      };
      client.activate();
    });
    for (const call of ['a', 'b', 'c']) await publish(call);
    await waitUntil(() => messages.length === 3);

    messages[0]!.ack();
    const transaction = client.begin();
    messages[1]!.ack({ transaction: transaction.id });
    messages[2]!.nack({ transaction: transaction.id });
    transaction.commit();
    await client.deactivate();

    expect(errors).toEqual([]);
  });

  it('learns that it must log in again', async () => {
    const { client, errors, closes } = make({ connectHeaders: { Authorization: 'Bearer nonsense' } });
    client.activate();

    await waitUntil(() => errors.length === 1 && closes.length === 1);
    expect(errors[0]!.headers['message']).toContain('401');
    expect(closes).toEqual([1002]);
  });

  it('learns that it may not send', async () => {
    const { client, seen, errors } = make();
    await subscribed(client, seen);
    client.publish({ destination: '/queue/message', body: 'forged' });

    await waitUntil(() => errors.length === 1);
    expect(errors[0]!.headers['message']).toMatch(/^SEND is not allowed/);
  });

  it('that falls silent is let go', async () => {
    const { client, seen, errors, closes } = make({ heartbeatOutgoing: 200, heartbeatIncoming: 0 });
    await subscribed(client, seen);
    silence(client.webSocket!);

    await waitUntil(() => errors.length === 1 && closes.length === 1);
    expect(errors[0]!.headers['message']).toBe('heart-beat lost');
  });

  it('notices a silent server, connects again and subscribes again', async () => {
    const { client, seen } = make({
      heartbeatOutgoing: 0,
      heartbeatIncoming: 200,
      reconnectDelay: 50,
      // Otherwise it waits half a minute for the answer to its close frame.
      discardWebsocketOnCommFailure: true,
    });
    await subscribed(client, seen);
    const first = client.webSocket;
    const again = new Promise((resolve) => {
      client.onConnect = () => {
        client.watchForReceipt('again', resolve);
        listen(client, seen, { receipt: 'again' });
      };
    });
    proxy.set('blackhole');
    await waitUntil(() => client.webSocket !== first);
    // What waited at the proxy is reset; the next try gets through.
    proxy.cut();
    proxy.set('pass');
    await again;

    await publish('after');
    await waitUntil(() => seen.includes('after'));
  });

  it('connects again after the server closed because events may have been lost', async () => {
    const { client, seen, errors } = make({ reconnectDelay: 50 });
    await subscribed(client, seen);
    const again = new Promise((resolve) => {
      client.onConnect = () => {
        client.watchForReceipt('again', resolve);
        listen(client, seen, { receipt: 'again' });
      };
    });
    system.gap('reconnect', Date.now());
    await again;

    expect(errors.map(({ headers }) => headers['message'])).toEqual([
      'events may have been lost, connect again',
    ]);
    await publish('after');
    await waitUntil(() => seen.includes('after'));
  });
});

describe('@stomp/rx-stomp', () => {
  const { RxStomp } = loadRxStomp();

  it('connects, watches, survives a loss and deactivates', async () => {
    const rx = new RxStomp();
    onTeardown(() => rx.deactivate());
    const errors: string[] = [];
    const seen: string[] = [];
    rx.configure({
      webSocketFactory: () => new WebSocket(url, PROTOCOLS),
      connectHeaders: { Authorization: system.token },
      reconnectDelay: 50,
      heartbeatIncoming: 200,
      heartbeatOutgoing: 200,
    });
    rx.stompErrors$.subscribe(({ headers }) => errors.push(headers['message']!));
    rx.watch(DESTINATION, { receipt: 'watching' }).subscribe(({ body }) => seen.push(callIn(body)));
    const receipt = rx.asyncReceipt('watching');
    rx.activate();
    await receipt;

    await publish('first');
    await waitUntil(() => seen.length === 1);
    system.gap('reconnect', Date.now());
    // It subscribes again by itself, with the same headers.
    const second = rx.asyncReceipt('watching');
    await second;
    await publish('second');
    await waitUntil(() => seen.length === 2);

    expect(seen).toEqual(['first', 'second']);
    expect(errors).toEqual(['events may have been lost, connect again']);
    await rx.deactivate();
    expect(rx.connected()).toBe(false);
  });
});

describe('webstomp-client', () => {
  const webstomp = loadWebstomp();

  async function connected(heartbeat: object | false) {
    const socket = new WebSocket(url, PROTOCOLS);
    const errors: unknown[] = [];
    const receipts: (string | undefined)[] = [];
    const client: WebstompClient = webstomp.over(socket, { debug: false, heartbeat });
    client.onreceipt = ({ headers }) => receipts.push(headers['receipt-id']);
    await new Promise<void>((resolve) =>
      client.connect(
        { Authorization: system.token },
        () => resolve(),
        (error) => errors.push(error),
      ),
    );
    onTeardown(() => Promise.resolve(socket.terminate()));
    return { client, socket, errors, receipts };
  }

  it('connects, subscribes, gets events and receipts, and disconnects', async () => {
    const { client, socket, errors, receipts } = await connected(false);
    const seen: string[] = [];
    const subscription = client.subscribe(DESTINATION, ({ body }) => seen.push(callIn(body)), {
      receipt: 'r-1',
    });
    await waitUntil(() => receipts.includes('r-1'));

    await publish('one');
    await waitUntil(() => seen.length === 1);
    subscription.unsubscribe({ receipt: 'r-2' });
    await waitUntil(() => receipts.includes('r-2'));
    await publish('two');
    client.disconnect(() => undefined);
    await waitUntil(() => socket.readyState === socket.CLOSED);

    expect(seen).toEqual(['one']);
    expect(errors).toEqual([]);
  });

  it('that falls silent is let go', async () => {
    const { socket, errors } = await connected({ outgoing: 200, incoming: 0 });
    silence(socket);

    await waitUntil(() => socket.readyState === socket.CLOSED);
    expect((errors[0] as ForeignFrame).headers['message']).toBe('heart-beat lost');
  });

  it('notices a silent server', async () => {
    const { socket } = await connected({ outgoing: 0, incoming: 200 });
    proxy.set('blackhole');

    await waitUntil(() => socket.readyState !== socket.OPEN);
    proxy.cut();
  });
});

describe('stompit over a WebSocket stream', () => {
  const { Client } = loadStompit();

  async function connected(heartbeat: readonly [number, number] = [0, 0]) {
    const socket = new WebSocket(url, PROTOCOLS);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const stream = createWebSocketStream(socket);
    // It looks at this member of TCP sockets to see whether the server lives.
    let bytesRead = 0;
    socket.on('message', (data: Buffer) => (bytesRead += data.length));
    Object.defineProperty(stream, 'bytesRead', { get: () => bytesRead });
    const client: StompitClient = new Client(stream, { heartbeat });
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    onTeardown(() => {
      client.destroy();
      return Promise.resolve(socket.terminate());
    });
    await new Promise<void>((resolve, reject) =>
      client.connect({ Authorization: system.token }, (error) => (error ? reject(error) : resolve())),
    );
    return { client, socket, errors };
  }

  const read = (message: StompitMessage): Promise<string> =>
    new Promise((resolve, reject) =>
      message.readString('utf8', (error, body) => (error ? reject(error) : resolve(body))),
    );

  it('connects, subscribes, gets events, acknowledges with receipts, and disconnects', async () => {
    const { client, socket, errors } = await connected();
    const seen: string[] = [];
    let acknowledged = 0;
    client.subscribe({ destination: DESTINATION, ack: 'client-individual' }, (error, message) => {
      if (error) return;
      void read(message).then((body) => {
        seen.push(callIn(body));
        client.ack(message, {}, { onReceipt: () => (acknowledged += 1) });
      });
    });
    await waitUntil(async () =>
      (await system.metric('ringdown_blackhole_subscriptions ')).join().endsWith(' 1'),
    );

    for (const call of ['one', 'two']) await publish(call);
    await waitUntil(() => acknowledged === 2);
    expect(seen).toEqual(['one', 'two']);

    await new Promise<void>((resolve, reject) =>
      client.disconnect((error) => (error ? reject(error) : resolve())),
    );
    await waitUntil(() => socket.readyState === socket.CLOSED);
    expect(errors).toEqual([]);
  });

  it('that falls silent is let go', async () => {
    const { socket, errors } = await connected([200, 0]);
    silence(socket);

    await waitUntil(() => errors.length > 0);
    expect(errors[0]!.message).toContain('heart-beat lost');
  });

  it('notices a silent server', async () => {
    const { errors } = await connected([0, 200]);
    proxy.set('blackhole');

    await waitUntil(() => errors.length > 0);
    proxy.cut();
  });
});
