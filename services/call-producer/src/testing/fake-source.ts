import type { ChannelState, CommandOutcome, ConferenceState, EventDraft } from '@ringdown/contracts';
import { callRoutingKey } from '@ringdown/contracts';
import type { CallSource, CallSourcePorts } from '../domain/call-source';

/** A source that does what a spec tells it. */
export class FakeSource implements CallSource {
  readonly name = 'fake';
  started = 0;
  stopped = 0;
  trouble: string | undefined;
  live: readonly ChannelState[] = [];
  conference: ConferenceState | undefined;
  executed = 0;
  outcome: () => Promise<CommandOutcome> = () => Promise.resolve({ status: 'confirmed' });
  /** Called while it starts and stops. */
  onStart: () => Promise<void> = () => Promise.resolve();
  onStop: () => void = () => undefined;

  constructor(readonly ports: CallSourcePorts) {}

  async start(): Promise<void> {
    this.started += 1;
    await this.onStart();
  }

  stop(): Promise<void> {
    this.stopped += 1;
    if (this.stopped === 1) this.onStop();
    return Promise.resolve();
  }

  problem(): string | undefined {
    return this.trouble;
  }

  channels(): readonly ChannelState[] {
    return this.live;
  }

  execute(): Promise<CommandOutcome> {
    this.executed += 1;
    return this.outcome();
  }

  findConference(): ConferenceState | undefined {
    return this.conference;
  }

  commandConference(): Promise<CommandOutcome> {
    return this.execute();
  }

  /** Tells of a call. */
  say(callId: string): void {
    this.ports.emit(createdEvent(callId));
  }
}

export function createdEvent(callId: string): EventDraft {
  return {
    family: 'call',
    name: 'CHANNEL_CREATE',
    routingKey: callRoutingKey('CHANNEL_CREATE', callId),
    accountId: 'acc',
    body: { call_id: callId, custom_channel_vars: { account_id: 'acc' } },
  };
}

export function liveChannel(callId: string): ChannelState {
  return { call_id: callId, account_id: 'acc', answered: true, on_hold: false, created: 63_000_000_000 };
}
