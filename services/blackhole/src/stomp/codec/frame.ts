/** The versions of STOMP, the best first. */
export const stompVersions = ['1.2', '1.1', '1.0'] as const;
export type StompVersion = (typeof stompVersions)[number];

/** By name, case-sensitive; of a repeated header the first. */
export type StompHeaders = ReadonlyMap<string, string>;

/** One frame as read: headers unescaped, the body as it came. */
export interface StompFrame {
  readonly command: string;
  readonly headers: StompHeaders;
  readonly body: Buffer;
}

export const clientCommands: ReadonlySet<string> = new Set([
  'CONNECT',
  'STOMP',
  'SEND',
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'ACK',
  'NACK',
  'BEGIN',
  'COMMIT',
  'ABORT',
  'DISCONNECT',
]);

export const serverCommands: ReadonlySet<string> = new Set(['CONNECTED', 'MESSAGE', 'RECEIPT', 'ERROR']);

/** Only these may have a body, from 1.1 on. */
export const commandsWithBody: ReadonlySet<string> = new Set(['SEND', 'MESSAGE', 'ERROR']);

/** Their headers are never escaped, so that 1.0 peers understand them. */
export const commandsWithoutEscapes: ReadonlySet<string> = new Set(['CONNECT', 'STOMP', 'CONNECTED']);

export interface FrameLimits {
  /** From the first byte of the command to the NUL. */
  readonly maxFrameBytes: number;
  readonly maxHeaders: number;
  /** Of the command and of each header, as they came. */
  readonly maxLineBytes: number;
}
