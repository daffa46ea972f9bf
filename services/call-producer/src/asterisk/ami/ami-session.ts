import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { AppError, deferred, messageOf, randomHex, withDeadline, type Logger } from '@ringdown/core';
import { AmiDecoder } from './ami-decoder';
import { encodeAction, type ActionFields, type AmiMessage } from './ami-message';

export interface AmiSessionOptions {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Event classes, comma separated. */
  readonly eventMask: string;
  /** For the connection with the login. Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** For the answer to an action. Default 5 s. */
  readonly actionTimeoutMs?: number;
  /** For a whole list. Default 30 s. */
  readonly listTimeoutMs?: number;
  /** Pause between two pings. Default 10 s. */
  readonly pingIntervalMs?: number;
  readonly logger: Logger;
  /** Everything that answers no action. In order; must not throw. */
  readonly onEvent: (message: AmiMessage) => void;
  /** Once, when the session has ended for whatever reason; also when it never began. */
  readonly onClose: (reason: string) => void;
}

interface Pending {
  readonly action: string;
  /** Present: the answer is a list. */
  readonly items: AmiMessage[] | undefined;
  readonly resolve: (messages: readonly AmiMessage[]) => void;
  readonly reject: (error: AppError) => void;
}

const GREETING = /^Asterisk Call Manager\//;
const CONNECT_TIMEOUT_MS = 5_000;
const ACTION_TIMEOUT_MS = 5_000;
const LIST_TIMEOUT_MS = 30_000;
const PING_INTERVAL_MS = 10_000;
/** More entries in one list are no telephone switch. */
const MAX_LIST_ITEMS = 500_000;

/** The switch refused an action; the message is its own. */
export class AmiRefusal extends AppError {
  constructor(
    readonly action: string,
    readonly reason: string,
  ) {
    super('conflict', `the switch refused ${action}: ${reason}`);
  }
}

/**
 * One logged-in connection to the manager interface. It does not come back: whoever needs it again opens another.
 *
 * The login answers a challenge, so that the secret does not cross the network; only a server that offers no challenge is
 * sent it in clear. The secret is never part of a log line or an error.
 */
export class AmiSession {
  private readonly decoder = new AmiDecoder();
  private readonly pending = new Map<string, Pending>();
  private readonly idPrefix = `rd-${randomHex(8)}`;
  private readonly greeted = deferred();
  private sequence = 0;
  private closed: string | undefined;
  private pingTimer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly socket: Socket,
    private readonly options: AmiSessionOptions,
  ) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => this.end(messageOf(error)));
    socket.on('close', () => this.end('the switch closed the connection'));
    this.greeted.promise.catch(() => undefined);
  }

  /** Errors: `unavailable` (no connection, no Asterisk), `unauthorized` (login refused), `timeout`. */
  static async open(options: AmiSessionOptions): Promise<AmiSession> {
    const { host, port, connectTimeoutMs = CONNECT_TIMEOUT_MS } = options;
    const session = new AmiSession(connect({ host, port }), options);
    try {
      await withDeadline(session.login(), connectTimeoutMs, `login to the switch at ${host}:${port}`);
      session.planPing();
      return session;
    } catch (error) {
      session.end(messageOf(error));
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.closed === undefined;
  }

  /** The response. Errors: {@link AmiRefusal}, `timeout`, `unavailable` (session ended), `bad_request` (fields). */
  async action(action: string, fields: ActionFields = {}): Promise<AmiMessage> {
    const [response] = await this.send(action, fields, false);
    return response!;
  }

  /** The events that the action lists, without the final one. Errors as of {@link action}. */
  list(action: string, fields: ActionFields = {}): Promise<readonly AmiMessage[]> {
    return this.send(action, fields, true);
  }

  close(): void {
    if (this.closed === undefined && this.socket.writable) {
      this.socket.end(encodeAction('Logoff', this.nextId(), {}));
    }
    this.end('closed');
  }

  private nextId(): string {
    this.sequence += 1;
    return `${this.idPrefix}-${this.sequence}`;
  }

  private async send(action: string, fields: ActionFields, isList: boolean): Promise<readonly AmiMessage[]> {
    const id = this.nextId();
    const bytes = encodeAction(action, id, fields);
    if (this.closed !== undefined) throw ended(this.closed);
    const answer = deferred<readonly AmiMessage[]>();
    this.pending.set(id, {
      action,
      items: isList ? [] : undefined,
      resolve: (messages) => answer.resolve(messages),
      reject: (error) => answer.reject(error),
    });
    this.socket.write(bytes);
    const { actionTimeoutMs = ACTION_TIMEOUT_MS, listTimeoutMs = LIST_TIMEOUT_MS } = this.options;
    try {
      return await withDeadline(
        answer.promise,
        isList ? listTimeoutMs : actionTimeoutMs,
        `action ${action} of the switch`,
      );
    } finally {
      this.pending.delete(id);
    }
  }

  private async login(): Promise<void> {
    await this.greeted.promise;
    const { username, password, eventMask } = this.options;
    const challenge = await this.challenge();
    const proof =
      challenge === undefined
        ? { Secret: password }
        : {
            AuthType: 'MD5',
            Key: createHash('md5')
              .update(challenge + password)
              .digest('hex'),
          };
    try {
      await this.action('Login', { Username: username, Events: eventMask, ...proof });
    } catch (error) {
      if (!(error instanceof AmiRefusal)) throw error;
      throw new AppError('unauthorized', `the switch refused the login of ${username}`);
    }
  }

  private async challenge(): Promise<string | undefined> {
    try {
      const response = await this.action('Challenge', { AuthType: 'MD5' });
      return response.text('Challenge');
    } catch (error) {
      if (!(error instanceof AmiRefusal)) throw error;
      this.options.logger.warn('the switch offers no login challenge: its secret is sent in clear');
      return undefined;
    }
  }

  private read(chunk: Buffer): void {
    if (this.closed !== undefined) return;
    const messages = this.decoder.push(chunk);
    this.checkGreeting();
    for (const message of messages) {
      if (this.closed !== undefined) return;
      this.take(message);
    }
  }

  private checkGreeting(): void {
    const { greeting } = this.decoder;
    if (greeting === undefined) return;
    if (GREETING.test(greeting)) this.greeted.resolve();
    else this.end('what listens there is no Asterisk manager interface');
  }

  private take(message: AmiMessage): void {
    const pending = this.pending.get(message.actionId);
    if (pending === undefined) {
      if (!message.isResponse) this.options.onEvent(message);
      return;
    }
    if (message.isResponse) return this.takeResponse(message, pending);
    // Events that an action brought about carry its id, too; only a list's belong to the answer.
    if (pending.items === undefined) return this.options.onEvent(message);
    if (message.get('EventList').toLowerCase() === 'complete') return pending.resolve(pending.items);
    if (pending.items.length < MAX_LIST_ITEMS) pending.items.push(message);
    else this.end('the switch sent an endless list');
  }

  private takeResponse(message: AmiMessage, pending: Pending): void {
    const response = message.get('Response').toLowerCase();
    if (response === 'error') {
      const reason = message.text('Message') ?? 'no reason given';
      return pending.reject(new AmiRefusal(pending.action, reason));
    }
    if (pending.items === undefined) pending.resolve([message]);
    else if (message.get('EventList') === '') pending.resolve([]);
  }

  private planPing(): void {
    this.pingTimer = setTimeout(() => {
      this.action('Ping')
        .then(() => this.planPing())
        .catch(() => this.end('the switch does not answer any more'));
    }, this.options.pingIntervalMs ?? PING_INTERVAL_MS);
  }

  private end(reason: string): void {
    if (this.closed !== undefined) return;
    this.closed = reason;
    clearTimeout(this.pingTimer);
    // Whoever opens the session says himself that there is none.
    this.greeted.reject(new AppError('unavailable', reason));
    const error = ended(reason);
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
    if (this.socket.writableEnded) this.socket.destroySoon();
    else this.socket.destroy();
    this.options.onClose(reason);
  }
}

function ended(reason: string): AppError {
  return new AppError('unavailable', `no connection to the switch: ${reason}`);
}
