import type { AddressInfo } from 'node:net';
import * as ws from 'ws';
import { WebSocketServer, type WebSocket } from 'ws';
import { eventTexts, type Protocol } from './protocols';
import { runSchedule, type Load } from './schedule';

/** What the benchmark tells the peer: a bare `ws` server that broadcasts the same frames and does nothing else. */
export interface BroadcastCommand {
  readonly kind: 'broadcast';
  readonly protocol: Protocol;
  readonly load: Load;
}
export type BroadcastReply =
  { readonly kind: 'listening'; readonly port: number } | { readonly kind: 'done' };

/** The library's own way past its public `send`, as other servers use it; not in its published types. */
interface WithFrames {
  readonly Sender: { frame(data: Buffer, options: object): Buffer[] };
}
interface WithSender {
  readonly _sender: { sendFrame(list: Buffer[]): void };
}

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false }, () => {
  reply({ kind: 'listening', port: (server.address() as AddressInfo).port });
});

function reply(message: BroadcastReply): void {
  process.send!(message);
}

/** Builds one frame as the gateway would and writes it to every client. */
function broadcast(text: string): void {
  const frame = (ws as unknown as WithFrames).Sender.frame(Buffer.from(text), {
    fin: true,
    rsv1: false,
    opcode: 1,
    mask: false,
    readOnly: true,
  });
  for (const client of server.clients) (client as WebSocket & WithSender)._sender.sendFrame(frame);
}

process.on('message', ({ protocol, load }: BroadcastCommand) => {
  const textOf = eventTexts[protocol];
  const emit = (sequence: number, dueMs: number): void => broadcast(textOf(sequence, dueMs));
  void runSchedule(load, emit).then(() => reply({ kind: 'done' }));
});
process.on('disconnect', () => process.exit(0));
