import { AppError, randomHex } from '@ringdown/core';
import { handle, type Broker } from '@ringdown/broker';
import {
  channelDisconnectedRoutingKey,
  describeVisitor,
  encodeEvent,
  type VisitorSession,
} from '@ringdown/contracts';
import { onTeardown } from '@ringdown/testing';

/** The keeper of visitors' tokens, who says what a test decides. */
export class FakeVisitors {
  /** Tokens asked about. */
  readonly questions: string[] = [];
  /** While true nothing is known. */
  unavailable = false;
  /** While set, answers that are found already wait for it. */
  gate: Promise<void> | undefined;
  private readonly sessions = new Map<string, VisitorSession>();
  private readonly disconnected = new Set<string>();

  private constructor(private readonly broker: Broker) {}

  static async start(broker: Broker): Promise<FakeVisitors> {
    const visitors = new FakeVisitors(broker);
    await broker.start();
    onTeardown(() => broker.stop());
    await broker.serve([handle(describeVisitor, ({ token }) => visitors.answer(token))]);
    return visitors;
  }

  /** A token for a conversation that nobody has said anything in yet. */
  tokenFor(accountId: string, conversation: string, given: Partial<VisitorSession> = {}): string {
    const token = randomHex(64);
    this.sessions.set(token, {
      account_id: accountId,
      channel_id: 'site',
      conversation_id: conversation,
      expires_at: Date.now() + 3_600_000,
      ...given,
    });
    return token;
  }

  forget(token: string): void {
    this.sessions.delete(token);
  }

  /** Without a word. */
  lock(channel: string): void {
    this.disconnected.add(channel);
  }

  /** And says so. */
  async disconnect(accountId: string, channel: string): Promise<void> {
    this.lock(channel);
    await this.broker.publish(
      encodeEvent({
        family: 'messaging',
        routingKey: channelDisconnectedRoutingKey(channel),
        name: 'channel_disconnected',
        accountId,
        body: { account_id: accountId, id: channel, name: channel, source: 'chat_plugin' },
      }),
    );
  }

  private async answer(token: string): Promise<VisitorSession> {
    this.questions.push(token);
    const answer = this.find(token);
    // Whoever asks later hears the present; this one, what was so when it asked.
    await this.gate;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  private find(token: string): VisitorSession | AppError {
    if (this.unavailable) return new AppError('unavailable', 'database away');
    const session = this.sessions.get(token);
    if (session === undefined) return new AppError('unauthorized', 'unknown token');
    const isGone = this.disconnected.has(session.channel_id);
    return isGone ? new AppError('forbidden', 'the channel is disconnected') : session;
  }
}
