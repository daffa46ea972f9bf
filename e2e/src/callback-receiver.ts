import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTeardown } from '@ringdown/testing';

/** What a callback answers to a message, said by the message itself. */
export type Mood = 'takes' | 'refuses' | 'stumbles' | 'fails';

interface Delivered {
  readonly conversation_id: string;
  readonly message: { readonly id: string; readonly content: { readonly mood?: Mood } };
}

/**
 * The other end of a channel's callback URL, on the loopback interface. It takes a message with 200, refuses it with 400,
 * stumbles (503 the first time, 200 then) or fails (503 every time), and remembers what it answered.
 */
export class CallbackReceiver {
  /** Statuses by message id, in order. */
  readonly answers = new Map<string, number[]>();
  /** Messages by conversation, in the order in which they were taken for the first time. */
  readonly taken = new Map<string, string[]>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<CallbackReceiver> {
    const server = createServer();
    const receiver = new CallbackReceiver(server);
    server.on('request', (request, response) => {
      void bodyOf(request).then((body) => {
        response.statusCode = receiver.answer(body);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTeardown(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  tookSome(messageId: string): boolean {
    return this.answers.get(messageId)?.includes(200) === true;
  }

  private answer({ conversation_id, message: { id, content } }: Delivered): number {
    const before = this.answers.get(id) ?? [];
    const status = statusOf(content.mood, before.length);
    this.answers.set(id, [...before, status]);
    if (status === 200 && !before.includes(200)) {
      this.taken.set(conversation_id, [...(this.taken.get(conversation_id) ?? []), id]);
    }
    return status;
  }
}

function statusOf(mood: Mood | undefined, earlier: number): number {
  if (mood === 'refuses') return 400;
  if (mood === 'fails' || (mood === 'stumbles' && earlier === 0)) return 503;
  return 200;
}

async function bodyOf(request: IncomingMessage): Promise<Delivered> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Delivered;
}
