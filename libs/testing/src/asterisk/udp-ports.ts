import { createSocket, type Socket } from 'node:dgram';

/** First of `count` neighbouring UDP ports that are free on loopback, below the ports the system gives out by itself. */
export async function freeUdpRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    // Even, as the first port of a pair for media should be.
    const first = 2 * (5_000 + Math.floor(Math.random() * (11_000 - count / 2)));
    const sockets: Socket[] = [];
    try {
      for (let port = first; port < first + count; port += 1) sockets.push(await bind(port));
      return first;
    } catch {
      // One of them is in use: elsewhere, then.
    } finally {
      for (const socket of sockets) socket.close();
    }
  }
  throw new Error(`no ${count} neighbouring UDP ports are free`);
}

function bind(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(socket));
  });
}
