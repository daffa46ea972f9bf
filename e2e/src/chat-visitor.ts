import { createRequire } from 'node:module';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { WebSocket } from 'ws';

/** What of `@stomp/stompjs` a visitor needs. It is loaded as it is published. */
interface StompJs {
  readonly Client: new (config: object) => {
    onConnect: () => void;
    onStompError: (frame: { readonly headers: Readonly<Record<string, string>> }) => void;
    readonly connected: boolean;
    activate(): void;
    deactivate(): Promise<void>;
    subscribe(
      destination: string,
      onMessage: (message: { readonly body: string }) => void,
      headers: Readonly<Record<string, string>>,
    ): void;
    watchForReceipt(id: string, onReceipt: () => void): void;
  };
}

const load = createRequire(__filename);
const { Client } = load('@stomp/stompjs') as StompJs;

interface Heard {
  readonly conversation_id: string;
  readonly message: { readonly id: string; readonly content: string; readonly delivery_state: string };
}

/** A visitor of a chat plugin, with the client that web pages use. */
export class ChatVisitor {
  /** In the order in which it came. */
  readonly heard: Heard[] = [];
  /** The `message` header of ERROR frames. */
  readonly errors: string[] = [];

  /** Listening to its conversation. */
  static async listen(url: string, token: string): Promise<ChatVisitor> {
    const visitor = new ChatVisitor();
    const client = new Client({
      webSocketFactory: () => new WebSocket(url, ['v12.stomp', 'v11.stomp', 'v10.stomp']),
      connectHeaders: { Authorization: `Bearer ${token}` },
      reconnectDelay: 0,
    });
    onTeardown(() => client.deactivate());
    client.onStompError = ({ headers }) => visitor.errors.push(headers['message'] ?? '');
    let listening = false;
    client.onConnect = () => {
      client.watchForReceipt('listening', () => (listening = true));
      const onMessage = ({ body }: { readonly body: string }): unknown =>
        visitor.heard.push(JSON.parse(body) as Heard);
      client.subscribe('/user/queue/message', onMessage, { receipt: 'listening' });
    };
    client.activate();
    await waitUntil(() => listening || visitor.errors.length > 0, { what: 'the receipt' });
    return visitor;
  }

  /** Contents and states. */
  get story(): readonly (readonly [text: string, state: string])[] {
    return this.heard.map(({ message }) => [
      (JSON.parse(message.content) as { text: string }).text,
      message.delivery_state,
    ]);
  }
}
