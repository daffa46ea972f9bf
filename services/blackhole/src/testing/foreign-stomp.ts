import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

// The parts of published STOMP clients that the specifications use. They are loaded as they are published: some have no
// types, one has no form but ES modules and a bundle.

export interface ForeignFrame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  ack(headers?: object): void;
  nack(headers?: object): void;
}

/** `@stomp/stompjs`, of both major versions. */
export interface StompJsClient {
  reconnectDelay: number;
  connectHeaders: Record<string, string>;
  readonly connected: boolean;
  readonly webSocket: WebSocket | undefined;
  readonly connectedVersion: string | undefined;
  onConnect: (frame: ForeignFrame) => void;
  onStompError: (frame: ForeignFrame) => void;
  onWebSocketClose: (event: { readonly code: number }) => void;
  onDisconnect: (frame: ForeignFrame) => void;
  activate(): void;
  deactivate(): Promise<void>;
  subscribe(
    destination: string,
    onMessage: (message: ForeignFrame) => void,
    headers?: Readonly<Record<string, string>>,
  ): { readonly id: string; unsubscribe(headers?: Readonly<Record<string, string>>): void };
  begin(id?: string): { readonly id: string; commit(): void; abort(): void };
  publish(message: { readonly destination: string; readonly body: string }): void;
  watchForReceipt(receiptId: string, onReceipt: (frame: ForeignFrame) => void): void;
}

export interface StompJsConfig {
  readonly webSocketFactory: () => WebSocket;
  readonly connectHeaders: Readonly<Record<string, string>>;
  readonly reconnectDelay?: number;
  readonly heartbeatIncoming?: number;
  readonly heartbeatOutgoing?: number;
  readonly discardWebsocketOnCommFailure?: boolean;
}

export interface StompJs {
  readonly Client: new (config: StompJsConfig) => StompJsClient;
  readonly Versions: { readonly default: { protocolVersions(): string[] } };
}

interface Observable<T> {
  subscribe(next: (value: T) => void): { unsubscribe(): void };
}

export interface RxStomp {
  readonly connected$: Observable<unknown>;
  readonly stompErrors$: Observable<ForeignFrame>;
  configure(config: StompJsConfig): void;
  activate(): void;
  deactivate(): Promise<void>;
  connected(): boolean;
  watch(destination: string, headers?: Readonly<Record<string, string>>): Observable<ForeignFrame>;
  asyncReceipt(receiptId: string): Promise<ForeignFrame>;
}

export interface WebstompClient {
  readonly connected: boolean;
  readonly version: string;
  onreceipt: (frame: ForeignFrame) => void;
  connect(headers: object, onConnect: (frame: ForeignFrame) => void, onError: (error: unknown) => void): void;
  disconnect(callback: () => void, headers?: object): void;
  subscribe(
    destination: string,
    onMessage: (message: ForeignFrame) => void,
    headers?: object,
  ): { readonly id: string; unsubscribe(headers?: object): void };
}

export interface Webstomp {
  over(socket: WebSocket, options: object): WebstompClient;
}

export interface StompitMessage {
  readonly headers: Readonly<Record<string, string>>;
  readString(encoding: string, callback: (error: Error | null, body: string) => void): void;
}

export interface StompitClient {
  connect(headers: object, callback: (error: Error | null) => void): void;
  disconnect(callback: (error: Error | null) => void): void;
  subscribe(
    headers: object,
    onMessage: (error: Error | null, message: StompitMessage) => void,
  ): { unsubscribe(): void };
  ack(message: StompitMessage, headers: object, options: { readonly onReceipt: () => void }): void;
  destroy(): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

export interface Stompit {
  readonly Client: new (transport: Duplex, options?: object) => StompitClient;
}

const load = createRequire(__filename);

export const loadStompJs = (name: '@stomp/stompjs' | 'stompjs-6'): StompJs =>
  (name === 'stompjs-6' ? load('stompjs-6') : load('@stomp/stompjs')) as StompJs;
export const loadWebstomp = (): Webstomp => load('webstomp-client') as Webstomp;
export const loadStompit = (): Stompit => load('stompit') as Stompit;

/** By the path of its bundle: what its package exports are modules of a kind that Jest does not load. */
export function loadRxStomp(): { readonly RxStomp: new () => RxStomp } {
  const bundle = join(dirname(load.resolve('@stomp/rx-stomp')), '..', 'bundles', 'rx-stomp.umd.js');
  return load(bundle) as { readonly RxStomp: new () => RxStomp };
}
