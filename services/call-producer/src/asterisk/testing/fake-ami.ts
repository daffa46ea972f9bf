import { createHash } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type Fields = Readonly<Record<string, string>>;
/** An action as it was received: names in lower case. */
export type Action = ReadonlyMap<string, string>;
/** What the server says to an action: messages without ids. Undefined: nothing at all. */
export type Reply = (action: Action) => readonly Fields[] | undefined;

const CHALLENGE = '42424242';
const LISTS: Readonly<Record<string, string>> = {
  coreshowchannels: 'CoreShowChannelsComplete',
  bridgelist: 'BridgeListComplete',
  parkedcalls: 'ParkedCallsComplete',
};

/** A manager interface on loopback that says what a test wants, to as many clients as come. */
export class FakeAmi {
  /** Everything the clients sent, as it came. */
  received = '';
  readonly actions: Action[] = [];
  greeting = 'Asterisk Call Manager/11.0.0';
  /** Whether the login by challenge is offered. */
  challenges = true;
  private readonly replies = new Map<string, Reply>();
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly secret: string,
  ) {}

  static async start(secret = 'the-secret'): Promise<FakeAmi> {
    const server = createServer();
    const fake = new FakeAmi(server, secret);
    server.on('connection', (socket) => fake.serve(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get clients(): number {
    return this.sockets.size;
  }

  /** From now on this is the answer to that action. */
  on(action: string, reply: Reply): void {
    this.replies.set(action.toLowerCase(), reply);
  }

  /** The answer to a listing action. */
  list(action: string, items: readonly Fields[]): void {
    this.on(action, () => listOf(items, `${action}Complete`));
  }

  event(fields: Fields): void {
    for (const socket of this.sockets) socket.write(text(fields));
  }

  sent(action: string): Action[] {
    return this.actions.filter((one) => one.get('action')?.toLowerCase() === action.toLowerCase());
  }

  /** Ends all connections without a word. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.write(`${this.greeting}\r\n`);
    let rest = '';
    socket.on('data', (chunk) => {
      this.received += chunk.toString();
      const blocks = (rest + chunk.toString()).split('\r\n\r\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.answer(socket, actionOf(block));
    });
  }

  private answer(socket: Socket, action: Action): void {
    this.actions.push(action);
    const name = action.get('action')?.toLowerCase() ?? '';
    const reply = this.replies.get(name) ?? ((): readonly Fields[] => this.standard(name, action));
    const id = { ActionID: action.get('actionid') ?? '' };
    for (const message of reply(action) ?? []) socket.write(text({ ...message, ...id }));
    if (name === 'login') socket.write(text({ Event: 'FullyBooted', Status: 'Fully Booted' }));
  }

  private standard(name: string, action: Action): readonly Fields[] {
    const complete = LISTS[name];
    if (complete !== undefined) return listOf([], complete);
    switch (name) {
      case 'challenge':
        return this.challenges
          ? [{ Response: 'Success', Challenge: CHALLENGE }]
          : [refusal('Invalid/unknown command')];
      case 'login':
        return [this.isRight(action) ? { Response: 'Success' } : refusal('Authentication failed')];
      case 'coresettings':
        return [{ Response: 'Success', SystemName: 'pbx', AsteriskVersion: '22.0.0' }];
      case 'confbridgelistrooms':
        return [refusal('No active conferences.')];
      case 'getvar':
        return [{ Response: 'Success', Value: '' }];
      default:
        return [{ Response: 'Success' }];
    }
  }

  private isRight(action: Action): boolean {
    const key = createHash('md5')
      .update(CHALLENGE + this.secret)
      .digest('hex');
    return action.get('key') === key || action.get('secret') === this.secret;
  }
}

export function refusal(message: string): Fields {
  return { Response: 'Error', Message: message };
}

function listOf(items: readonly Fields[], complete: string): readonly Fields[] {
  return [
    { Response: 'Success', EventList: 'start' },
    ...items,
    { Event: complete, EventList: 'Complete', ListItems: String(items.length) },
  ];
}

function text(fields: Fields): string {
  return `${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
}

function actionOf(block: string): Action {
  return new Map(
    block.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trimStart()] as const;
    }),
  );
}
