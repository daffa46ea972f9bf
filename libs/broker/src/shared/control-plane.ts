import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, type Logger, messageOf, pause } from '@ringdown/core';
import {
  encodeControl,
  CONTROL_EXCHANGE,
  type Alive,
  type ControlMessages,
  type ControlName,
  type WireMessage,
} from '@ringdown/contracts';
import type { Feed, InstanceInfo } from '../broker';
import { completeMessage } from './outgoing';
import { parseObject } from './rpc-codec';
import type { Transport } from './transport';

const ALIVE_EVERY_MS = 2_000;
const GONE_AFTER_MS = 6_000;
const MAX_QUEUED = 10_000;
const SETTLE_TURNS = 8;
const MAX_ID_LENGTH = 256;

export interface ControlPlaneOptions {
  readonly transport: Transport;
  readonly service: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a joining instance waits for the others to introduce themselves. */
  readonly joinSettleMs: number;
  /** Control messages may have been missed while the connection stood. */
  readonly onMissed: () => void;
}

/**
 * Who is there, and the messages that concern everybody. Each instance says `control.alive.{service}.{instance}` every
 * two seconds; six silent seconds mean gone. A joining instance asks `control.who`, so it knows everybody within
 * milliseconds; a stopping one says `control.gone.{service}.{instance}`.
 */
export class ControlPlane {
  private readonly heard = new Map<string, InstanceInfo>();
  private readonly listeners = new Map<ControlName, Set<(body: never) => void>>();
  private readonly startedAtMs: number;
  private feed: Feed | undefined;
  private beat: NodeJS.Timeout | undefined;
  private answering: NodeJS.Immediate | undefined;

  constructor(private readonly options: ControlPlaneOptions) {
    this.startedAtMs = options.clock();
  }

  async start(): Promise<void> {
    this.feed = await this.options.transport.openFeed(
      { name: 'control', maxLength: MAX_QUEUED },
      {
        onMessage: (message) => this.onMessage(message),
        // After a reconnect everybody is resynchronised anyway, once all connections are back.
        onGap: (gap) => {
          if (gap.reason !== 'reconnect') this.options.onMissed();
        },
      },
    );
    await this.feed.bind(CONTROL_EXCHANGE, 'control.#');
    this.beat = setInterval(() => void this.sayAlive(), ALIVE_EVERY_MS);
    this.beat.unref();
    await this.join();
  }

  /** Introduces this instance and asks the others to do the same. */
  async join(): Promise<void> {
    await this.sayAlive();
    await this.say('who', { service: this.options.service, instance: this.options.instance });
    await pause(this.options.joinSettleMs);
    // A busy process may be late for everything; the question, the answers and their delivery get their turns anyway.
    for (let turn = 0; turn < SETTLE_TURNS; turn += 1) await nextTurn();
  }

  async stop(): Promise<void> {
    clearInterval(this.beat);
    clearImmediate(this.answering);
    if (this.feed === undefined) return;
    await this.say(`gone.${this.options.service}.${this.options.instance}`, this.alive());
    await this.feed.close();
  }

  instances(service: string): readonly InstanceInfo[] {
    const now = this.options.clock();
    const others = [...this.heard.values()].filter(
      (it) => it.service === service && now - it.lastHeardMs < GONE_AFTER_MS,
    );
    return service === this.options.service ? [this.self(now), ...others] : others;
  }

  async announce<Name extends ControlName>(name: Name, body: ControlMessages[Name]): Promise<void> {
    const message = encodeControl(name, body, {
      appId: this.options.service,
      timestampMs: this.options.clock(),
    });
    await this.options.transport.publish(message, {});
  }

  on<Name extends ControlName>(name: Name, listener: (body: ControlMessages[Name]) => void): () => void {
    const set = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, set);
    set.add(listener);
    return () => void set.delete(listener);
  }

  private onMessage(message: WireMessage): void {
    const kind = message.routingKey.split('.')[1];
    const body = parseObject(message.body);
    if (body === undefined) {
      this.options.logger.debug('control message ignored', { routingKey: message.routingKey });
    } else if (kind === 'alive' || kind === 'gone') {
      if (isAlive(body)) this.onAlive(kind, body);
    } else if (kind === 'who') {
      this.onWho(body);
    } else if (kind === 'token_revoked' && isTokenRevoked(body)) {
      this.tell('token_revoked', body);
    } else {
      const change = kind === 'principal_changed' ? principalChangeIn(body) : undefined;
      if (change !== undefined) this.tell('principal_changed', change);
      else this.options.logger.debug('control message ignored', { routingKey: message.routingKey });
    }
  }

  private onAlive(kind: 'alive' | 'gone', { service, instance, started_at }: Alive): void {
    if (service === this.options.service && instance === this.options.instance) return;
    const key = `${service}/${instance}`;
    const now = this.options.clock();
    if (kind === 'gone') this.heard.delete(key);
    else this.heard.set(key, { service, instance, startedAtMs: started_at, lastHeardMs: now });
    for (const [other, info] of this.heard) {
      if (now - info.lastHeardMs >= GONE_AFTER_MS) this.heard.delete(other);
    }
  }

  /** Answers soon, and once for all who ask meanwhile: a cluster that starts together asks together. */
  private onWho(body: Record<string, unknown>): void {
    if (body['instance'] === this.options.instance && body['service'] === this.options.service) return;
    this.answering ??= setImmediate(() => {
      this.answering = undefined;
      void this.sayAlive();
    });
  }

  private tell<Name extends ControlName>(name: Name, body: ControlMessages[Name]): void {
    for (const listener of [...(this.listeners.get(name) ?? [])] as ((
      body: ControlMessages[Name],
    ) => void)[]) {
      try {
        listener(body);
      } catch (error) {
        this.options.logger.error('control listener failed', { name, error: messageOf(error) });
      }
    }
  }

  private sayAlive(): Promise<void> {
    return this.say(`alive.${this.options.service}.${this.options.instance}`, this.alive());
  }

  /** What is said about presence is said again soon, so it neither waits long nor fails loudly. */
  private async say(name: string, body: unknown): Promise<void> {
    if (this.options.transport.status().state !== 'ready') return;
    try {
      await this.options.transport.publish(this.presence(name, body), { timeoutMs: ALIVE_EVERY_MS });
    } catch (error) {
      this.options.logger.debug('presence not announced', { name, error: messageOf(error) });
    }
  }

  /** Presence stays between brokers, so its form is theirs alone. */
  private presence(name: string, body: unknown): WireMessage {
    return completeMessage(
      {
        exchange: CONTROL_EXCHANGE,
        routingKey: `control.${name}`,
        type: name.split('.')[0],
        body: Buffer.from(JSON.stringify(body)),
      },
      this.options.service,
      this.options.clock,
    );
  }

  private alive(): Alive {
    return {
      service: this.options.service,
      instance: this.options.instance,
      started_at: this.startedAtMs,
    };
  }

  private self(now: number): InstanceInfo {
    const { service, instance } = this.options;
    return { service, instance, startedAtMs: this.startedAtMs, lastHeardMs: now };
  }
}

type Body = Record<string, unknown>;

function isAlive(body: Body): body is Body & Alive {
  return isId(body['service']) && isId(body['instance']) && Number.isFinite(body['started_at']);
}

function isTokenRevoked(body: Body): body is Body & ControlMessages['token_revoked'] {
  return isId(body['token_id']) && Number.isFinite(body['expires_at']);
}

/** A change whose user or key cannot be read is taken for one of the whole account: too many checks harm nobody. */
function principalChangeIn(body: Body): ControlMessages['principal_changed'] | undefined {
  const { account_id, user_id, key_id } = body;
  if (!isId(account_id)) return undefined;
  const readable = [user_id, key_id].every((it) => it === undefined || isId(it));
  return readable ? (body as Body & ControlMessages['principal_changed']) : { account_id };
}

/** What is heard is remembered, so that nobody may fill the memory with it. */
function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH;
}
