import type { WireMessage } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { OutboxPublisher } from '../outbox/outbox-drainer';

/** A broker that writes down what it confirmed, in order, and fails on demand. */
export class RecordingPublisher implements OutboxPublisher {
  readonly confirmed: WireMessage[] = [];
  readonly attempts: WireMessage[] = [];
  isReady = true;
  /** Rejects a message before it is confirmed. */
  refuse: (message: WireMessage, attempt: number) => boolean = () => false;
  /** Called before each confirm; what it returns is waited for. */
  before: (message: WireMessage) => Promise<void> = () => Promise.resolve();

  ready(): boolean {
    return this.isReady;
  }

  async publish(message: WireMessage): Promise<void> {
    this.attempts.push(message);
    const attempt = this.attempts.filter(({ messageId }) => messageId === message.messageId).length;
    await this.before(message);
    if (this.refuse(message, attempt)) throw new AppError('unavailable', 'refused by the test');
    this.confirmed.push(message);
  }

  get ids(): (string | undefined)[] {
    return this.confirmed.map(({ messageId }) => messageId);
  }
}

export function message(id: string): WireMessage {
  return {
    exchange: 'object',
    routingKey: 'object.doc_edited.user',
    body: Buffer.from(`{"id":"${id}","text":"ä"}`),
    messageId: id,
    timestampMs: 1_700_000_000_123,
    type: 'doc_edited',
    appId: 'spec',
    contentType: 'application/json',
    headers: { account_id: 'a' },
  };
}
