import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP proxy whose connections a test can cut. */
export interface TcpProxy {
  readonly port: number;
  readonly open: number;
  /** Destroys every connection; refuses new ones until `restore`. */
  cut(): void;
  /** Destroys the client's half and keeps the server's: the server believes its client is alive. */
  abandon(): void;
  /** Destroys what `abandon` left. */
  reap(): void;
  restore(): void;
  close(): Promise<void>;
}

export async function createTcpProxy(targetPort: number, targetHost = '127.0.0.1'): Promise<TcpProxy> {
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  const orphans = new Set<Socket>();
  let refusing = false;

  const listener = createServer((client) => {
    if (refusing) return void client.destroy();
    const server = connect(targetPort, targetHost);
    const pair = { client, server };
    pairs.add(pair);
    client.pipe(server);
    server.pipe(client);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      if (!orphans.has(server)) server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', () => undefined).on('close', end);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));

  const destroyAll = (): void => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  return {
    port: (listener.address() as AddressInfo).port,
    get open() {
      return pairs.size;
    },
    cut: () => {
      refusing = true;
      destroyAll();
    },
    abandon: () => {
      for (const { client, server } of pairs) {
        orphans.add(server);
        client.unpipe(server);
        client.destroy();
      }
    },
    reap: () => {
      for (const orphan of orphans) orphan.destroy();
    },
    restore: () => {
      refusing = false;
    },
    close: async () => {
      destroyAll();
      for (const orphan of orphans) orphan.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
