import { connect, type Socket } from 'node:net';

/** Sends the bytes, ends the sending side, and gives back what came. */
export function rawExchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.end(bytes));
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('end', () => resolve(text));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}
