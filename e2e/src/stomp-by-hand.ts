import { WebSocket } from 'ws';
import { onTeardown, waitUntil } from '@ringdown/testing';

/** A frame of a STOMP server, taken apart. */
export interface StompFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** STOMP 1.2 spoken by hand: what comes is kept in order; closed at the end of the spec file at the latest. */
export class StompByHand {
  readonly frames: StompFrame[] = [];

  private constructor(private readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      for (const text of data.toString('utf8').split('\0')) {
        const frame = text.replace(/^\n+/, '');
        if (frame !== '') this.frames.push(parsed(frame));
      }
    });
    onTeardown(async () => socket.terminate());
  }

  /** Logs in with the token in the CONNECT frame. */
  static async connect(url: string, token: string): Promise<StompByHand> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const client = new StompByHand(socket);
    client.send('CONNECT', { 'accept-version': '1.2', Authorization: token });
    await waitUntil(() => client.frames.some(({ command }) => command === 'CONNECTED'), {
      what: 'CONNECTED',
    });
    return client;
  }

  send(command: string, headers: Readonly<Record<string, string>>): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value.replaceAll(':', '\\c')}\n`);
    this.socket.send(`${command}\n${lines.join('')}\n\0`);
  }

  /** False: refused with an ERROR. */
  async subscribe(destination: string, headers: Readonly<Record<string, string>> = {}): Promise<boolean> {
    this.send('SUBSCRIBE', { id: destination, destination, receipt: destination, ...headers });
    const outcome = (): StompFrame | undefined =>
      this.frames.find(
        ({ command, headers: { 'receipt-id': receipt } }) =>
          command === 'ERROR' || (command === 'RECEIPT' && receipt === destination),
      );
    await waitUntil(() => outcome() !== undefined, { what: `the receipt for ${destination}` });
    return outcome()!.command === 'RECEIPT';
  }

  close(): void {
    this.socket.terminate();
  }

  messages(): readonly StompFrame[] {
    return this.frames.filter(({ command }) => command === 'MESSAGE');
  }
}

function parsed(frame: string): StompFrame {
  const end = frame.indexOf('\n\n');
  const [command = '', ...lines] = frame.slice(0, end).split('\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).replaceAll('\\c', ':')];
  });
  return { command, headers: Object.fromEntries(headers), body: frame.slice(end + 2) };
}
