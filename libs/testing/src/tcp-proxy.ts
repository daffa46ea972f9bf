import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { onTeardown } from './teardown';

/**
 * What the proxy does to traffic. `pass`: forwards. `blackhole`: reads nothing and sends nothing, connections stay open,
 * new ones are accepted and go nowhere. `refuse`: new connections are reset. `slow`: waits before it forwards each chunk.
 */
export type ProxyMode = 'pass' | 'blackhole' | 'refuse' | { readonly slowMs: number };

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
}

/** A TCP proxy on the loopback interface that can hurt the connections through it. */
export class TcpProxy {
  private mode: ProxyMode = 'pass';
  private readonly pairs = new Set<Pair>();
  private readonly held = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: { readonly host: string; readonly port: number },
  ) {}

  static async to(port: number, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true });
    const proxy = new TcpProxy(server, { host, port });
    server.on('connection', (client) => proxy.accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const forget = onTeardown(() => proxy.close());
    server.once('close', forget);
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** The same address with this proxy's host and port: what the code under test should connect to. */
  rewrite(url: string): string {
    const rewritten = new URL(url);
    rewritten.hostname = '127.0.0.1';
    rewritten.port = String(this.port);
    return rewritten.toString();
  }

  get connections(): number {
    return this.pairs.size + this.held.size;
  }

  /** Changes what happens from now on, to open connections too. */
  set(mode: ProxyMode): void {
    this.mode = mode;
    for (const { client, upstream } of this.pairs) {
      if (mode === 'blackhole') {
        client.pause();
        upstream.pause();
      } else {
        client.resume();
        upstream.resume();
      }
    }
    if (mode !== 'blackhole') {
      for (const client of this.held) client.resetAndDestroy();
      this.held.clear();
    }
  }

  /** Resets every open connection on both sides, as a crashed peer or a firewall does. */
  cut(): void {
    for (const { client, upstream } of this.pairs) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    for (const client of this.held) client.resetAndDestroy();
    this.held.clear();
  }

  /** Ends the stream towards the clients and keeps the other direction open. */
  halfClose(): void {
    for (const { client } of this.pairs) client.end();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.cut();
    await closed;
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.mode === 'refuse') return void client.resetAndDestroy();
    if (this.mode === 'blackhole') {
      this.held.add(client);
      client.once('close', () => this.held.delete(client));
      return;
    }
    const upstream = connect({ ...this.target, noDelay: true, allowHalfOpen: true });
    const pair: Pair = { client, upstream };
    this.pairs.add(pair);
    upstream.on('error', () => client.resetAndDestroy());
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => {
      client.destroy();
      this.pairs.delete(pair);
    });
    this.forward(client, upstream);
    this.forward(upstream, client);
    client.resume();
  }

  /** By hand rather than with pipe(), so that a mode can be changed under way; keeps back pressure and the order. */
  private forward(from: Socket, to: Socket): void {
    let queue = Promise.resolve();
    from.on('data', (chunk) => {
      const slowMs = typeof this.mode === 'object' ? this.mode.slowMs : 0;
      from.pause();
      queue = queue
        .then(() => (slowMs > 0 ? new Promise<void>((resolve) => setTimeout(resolve, slowMs)) : undefined))
        .then(() => write(to, chunk))
        .then(() => {
          if (this.mode !== 'blackhole') from.resume();
        });
    });
    from.on('end', () => void queue.then(() => to.end()));
  }
}

/** Resolves when the other side took the chunk or is gone. */
function write(to: Socket, chunk: Buffer): Promise<void> | undefined {
  if (to.destroyed || !to.writable || to.write(chunk)) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      to.off('drain', done);
      to.off('close', done);
      resolve();
    };
    to.once('drain', done);
    to.once('close', done);
  });
}
