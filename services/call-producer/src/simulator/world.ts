import type { EventDraft } from '@ringdown/contracts';
import type { Clock, Logger, Random } from '@ringdown/core';
import type { EndpointDirectory } from '../domain/call-source';
import type { Party, SimulatedAccount, SimulatedChannel } from './channel';
import { Dialplan, type Destination } from './dialplan';
import type { Office } from './office';
import { outsider } from './people';
import { SimulatedSwitch } from './simulated-switch';
import { Stories, type Story } from './stories';

export interface WorldParts {
  readonly account: SimulatedAccount;
  /** By extension; at least one. */
  readonly staff: ReadonlyMap<string, Party>;
  readonly endpoints: EndpointDirectory;
  readonly office: Office;
  readonly emit: (draft: EventDraft) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Two legs that talk: who called and who was called. */
export interface Conversation {
  readonly caller: SimulatedChannel;
  readonly called: SimulatedChannel;
}

/** The simulated world: the switch, its numbers, its people, and the turns that calls can take. */
export class World {
  readonly switchBoard: SimulatedSwitch;
  readonly stories: Stories;
  readonly dialplan: Dialplan;
  readonly account: SimulatedAccount;
  readonly office: Office;
  readonly emit: (draft: EventDraft) => void;
  readonly clock: Clock;

  constructor(private readonly parts: WorldParts) {
    const { account, staff, endpoints, office, emit, clock, logger } = parts;
    this.account = account;
    this.office = office;
    this.emit = emit;
    this.clock = clock;
    this.switchBoard = new SimulatedSwitch(emit, clock, (recording) => office.keepRecording(recording));
    this.stories = new Stories(this.switchBoard, logger);
    this.dialplan = new Dialplan(account, staff, this.switchBoard, endpoints, office);
  }

  get staff(): readonly Party[] {
    return [...this.parts.staff.values()];
  }

  /** One of the staff, rather somebody who is not on the phone; nobody of `except`. */
  colleague(random: Random, ...except: readonly (Party | undefined)[]): Party {
    const others = this.staff.filter((party) => !except.includes(party));
    const all = others.length === 0 ? this.staff : others;
    const free = all.filter(({ device }) => !this.switchBoard.isBusy(device));
    return random.pick(free.length === 0 ? all : free);
  }

  outsider(random: Random): Party {
    return outsider(random);
  }

  /** The party calls the switch and dials. */
  dial(
    story: Story,
    party: Party,
    destination: string,
    other: Party,
    interactionId?: string,
  ): SimulatedChannel {
    return story.call({
      account: this.account,
      direction: 'inbound',
      party,
      other,
      destination,
      interactionId,
    });
  }

  /** The switch calls the party on behalf of a conversation. */
  ring(story: Story, party: Party, from: Party, interactionId?: string): SimulatedChannel {
    return story.call({
      account: this.account,
      direction: 'outbound',
      party,
      other: from,
      destination: party.device?.username ?? party.number,
      interactionId,
    });
  }

  /** A call that is answered: from dialling to the bridge. */
  async connect(
    story: Story,
    caller: Party,
    called: Party,
    dialled: string,
    ringMs: number,
  ): Promise<Conversation> {
    const first = this.dial(story, caller, dialled, called);
    await story.wait(150, first);
    const second = this.ring(story, called, caller, first.interactionId);
    await story.wait(ringMs, first, second);
    this.switchBoard.answer(second);
    this.switchBoard.answer(first);
    this.switchBoard.bridge(first, second);
    return { caller: first, called: second };
  }

  /**
   * A call whose other end has gone reaches a destination. Resolves with what shows that it arrived; the story then goes on
   * with {@link stay}. Rings for `ringMs` where somebody must answer.
   */
  async arrive(
    story: Story,
    channel: SimulatedChannel,
    destination: Destination,
    from: Party,
    ringMs: number,
  ): Promise<{ readonly event: string; readonly callId: string; readonly detail?: string }> {
    const { switchBoard } = this;
    switch (destination.kind) {
      case 'party': {
        const leg = this.ring(story, destination.party, from, channel.interactionId);
        await story.wait(ringMs, channel, leg);
        switchBoard.answer(leg);
        switchBoard.answer(channel);
        switchBoard.bridge(channel, leg);
        return { event: 'CHANNEL_BRIDGE', callId: channel.callId };
      }
      case 'slot': {
        const { parked } = destination;
        if (parked.ended || parked.slot === undefined) {
          switchBoard.hangup(channel, 'NO_ANSWER');
          story.check(channel);
        }
        story.adopt(parked);
        switchBoard.answer(channel);
        switchBoard.unpark(parked);
        switchBoard.bridge(channel, parked);
        return { event: 'PARK_RETRIEVED', callId: parked.callId };
      }
      case 'conference':
        switchBoard.answer(channel);
        switchBoard.join(channel, destination.id);
        return { event: 'add-member', callId: channel.callId, detail: destination.id };
      case 'service':
        switchBoard.answer(channel);
        break;
    }
    return { event: 'dialplan', callId: channel.callId, detail: destination.number };
  }

  /** Stays a while on the line and hangs up. */
  async stay(story: Story, channel: SimulatedChannel, ms: number): Promise<void> {
    await story.wait(ms, channel);
    this.switchBoard.hangup(channel);
  }

  /** Everybody hangs up: the switch shuts down. */
  stop(): void {
    this.stories.stop();
    for (const channel of this.switchBoard.channels) this.switchBoard.hangup(channel, 'SYSTEM_SHUTDOWN');
  }
}
