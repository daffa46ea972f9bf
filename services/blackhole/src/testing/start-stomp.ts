import type { SettingsOverrides } from '@ringdown/config';
import { messageRoutingKey, type EventDraft } from '@ringdown/contracts';
import { startBlackhole, type TestBlackhole } from './start-blackhole';
import { StompClient, type StompConnectOptions } from './stomp-client';

/** A gateway as `startBlackhole` makes it, and clients of its STOMP socket. */
export interface TestStomp extends TestBlackhole {
  readonly stompUrl: string;
  /** Only the WebSocket, with these headers in its handshake. */
  open(headers?: Readonly<Record<string, string>>): Promise<StompClient>;
  /** Connected with the account's token unless told otherwise. */
  client(options?: StompConnectOptions): Promise<StompClient>;
}

export async function startStomp(settings: SettingsOverrides = {}): Promise<TestStomp> {
  const gateway = await startBlackhole(settings);
  const stompUrl = new URL('/ws.communication', gateway.url).href;
  return Object.assign(gateway, {
    stompUrl,
    open: (headers?: Readonly<Record<string, string>>) => StompClient.open(stompUrl, headers),
    client: (options: StompConnectOptions = {}) =>
      StompClient.connect(stompUrl, { token: gateway.token, ...options }),
  });
}

/** What a client is told, and how it is closed. */
export async function refusalOf(client: StompClient): Promise<unknown[]> {
  const { error, code } = await client.failure();
  return [error?.headers['message'], code];
}

/** The draft of a new chat message of an account. */
export function chatMessage(accountId: string, id: string, conversation = 'conv-1'): EventDraft {
  return {
    family: 'messaging',
    routingKey: messageRoutingKey(conversation),
    name: 'message',
    accountId,
    body: {
      account_id: accountId,
      event_category: 'messaging',
      conversation_id: conversation,
      channel_id: 'chan-1',
      message: {
        id,
        content: '{"text":"Hello World"}',
        delivery_state: 'DELIVERED',
        sender_type: 'source_contact',
        sent_at: '2026-01-05T10:00:00.000Z',
        extra: 'left out',
      },
    },
  };
}
