import { createConnection, type Socket } from 'node:net';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';

/** A message of the manager interface: its lines by name. Of a repeated name the last one counts. */
export type AmiMessage = Readonly<Record<string, string>>;

/** A client of Asterisk's manager interface that knows nothing of the product: what the switch itself says. */
export class AmiClient {
  /** Every event received, in order. */
  readonly events: AmiMessage[] = [];
  private readonly responses = new Map<string, AmiMessage>();
  private buffer = '';
  private count = 0;
  private ended = false;

  private constructor(private readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.take(chunk));
    socket.on('error', () => undefined);
    socket.once('close', () => (this.ended = true));
  }

  /** Connects and logs in. Rejects when refused. */
  static async connect(port: number, username: string, secret: string): Promise<AmiClient> {
    const socket = createConnection(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new AmiClient(socket);
    const forget = onTeardown(() => Promise.resolve(client.close()));
    socket.once('close', forget);
    try {
      await client.action('Login', { Username: username, Secret: secret });
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  /** Sends an action. Rejects when the switch answers with an error. */
  async action(name: string, fields: Readonly<Record<string, string>> = {}): Promise<AmiMessage> {
    const id = String(++this.count);
    const lines = Object.entries({ Action: name, ActionID: id, ...fields });
    this.socket.write(`${lines.map(([key, value]) => `${key}: ${value}`).join('\r\n')}\r\n\r\n`);
    const response = await waitUntil(() => this.responses.get(id) ?? this.failWhenEnded(), {
      what: `the response to ${name}`,
    });
    this.responses.delete(id);
    if (response['Response'] === 'Error') throw new Error(`${name}: ${response['Message']}`);
    return response;
  }

  /** The items of an action that answers with a list: events named `item` until the one that ends the list. */
  async list(
    name: string,
    item: string,
    fields: Readonly<Record<string, string>> = {},
  ): Promise<AmiMessage[]> {
    const from = this.events.length;
    const { ActionID: id } = await this.action(name, fields);
    const own = (): AmiMessage[] => this.events.slice(from).filter((event) => event['ActionID'] === id);
    await waitUntil(() => own().some((event) => event['EventList'] === 'Complete'), {
      what: `the end of the list of ${name}`,
    });
    return own().filter((event) => event['Event'] === item);
  }

  /** Live channels of the switch, among them those the product does not show. */
  channels(): Promise<AmiMessage[]> {
    return this.list('CoreShowChannels', 'CoreShowChannel');
  }

  /** The first event of this name that matches, past or future. */
  waitForEvent(
    name: string,
    matches: (event: AmiMessage) => boolean = () => true,
    timeoutMs?: number,
  ): Promise<AmiMessage> {
    return waitUntil(() => this.events.find((event) => event['Event'] === name && matches(event)), {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      what: () => `${name}; the last events were ${this.events.slice(-20).map(brief).join(', ')}`,
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: string): void {
    this.buffer += chunk;
    const messages = this.buffer.split('\r\n\r\n');
    this.buffer = messages.pop() ?? '';
    for (const message of messages.map(parse)) {
      if (message['Event'] !== undefined) this.events.push(message);
      else if (message['ActionID'] !== undefined) this.responses.set(message['ActionID'], message);
    }
  }

  private failWhenEnded(): undefined {
    if (this.ended) throw new Error('the switch closed the connection');
    return undefined;
  }
}

/** The greeting is a line of its own before the first message and has no colon. */
function parse(text: string): AmiMessage {
  return Object.fromEntries(
    text.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
    }),
  );
}

function brief(event: AmiMessage): string {
  return [event['Event'], event['Channel']].filter((part) => part !== undefined).join(' ');
}
