import type { CallCommand, CallFlow, CommandOutcome, ConferenceCommandRequest } from '@ringdown/contracts';
import { AppError, deferred, type Logger, type Random } from '@ringdown/core';
import { FlowRunner } from '../app/flow-runner';
import { fieldError, unknownTarget } from '../domain/field-error';
import type { EndpointDirectory } from '../domain/call-source';
import type { SimulatedChannel } from './channel';
import { confirmed, ignoring } from './command-outcome';
import { commandConference } from './conference-commands';
import { Digits } from './digits';
import { Playbacks } from './playbacks';
import { Recordings } from './recordings';
import { returnToParker } from './scenarios/parking';
import { seconds } from './scenarios/scenario';
import { transferAttended, transferBlind, type Arrival } from './scenarios/transfers';
import { StoryOver, type Story } from './stories';
import { Targets } from './targets';
import type { World } from './world';

type Command<Name extends CallCommand['name']> = Extract<CallCommand, { name: Name }>;

/** Short enough that the proof of an answered call comes while the asker waits. */
const ANSWER_MS = { low: 600, high: 1_400 };
/** After a command a conversation goes on for a while, then its people hang up. */
const AFTERWARDS_MS = { low: seconds(60), high: seconds(180) };

/** Acts on calls as a telephone switch would: checks, does, and tells what was seen. */
export class SimulatorCommands {
  private readonly flows: FlowRunner;
  private readonly playbacks = new Playbacks();
  private readonly recordings: Recordings;
  private readonly digits: Digits;
  private readonly targets: Targets;

  constructor(
    private readonly world: World,
    endpoints: EndpointDirectory,
    private readonly random: Random,
    logger: Logger,
  ) {
    const { switchBoard } = world;
    this.recordings = new Recordings(switchBoard);
    this.digits = new Digits(switchBoard, random);
    this.targets = new Targets(world, endpoints);
    this.flows = new FlowRunner(
      {
        execute: (accountId, callId, command) => this.command(this.channel(accountId, callId), command),
        nextDigit: (callId, signal) => this.digits.next(callId, signal),
      },
      logger,
    );
    switchBoard.onEnd((channel) => this.forget(channel));
  }

  execute(accountId: string, callId: string, flow: CallFlow): Promise<CommandOutcome> {
    return this.flows.run(accountId, callId, flow);
  }

  stop(): void {
    this.flows.stop();
    for (const channel of this.world.switchBoard.channels) this.forget(channel);
  }

  conference(request: ConferenceCommandRequest): Promise<CommandOutcome> {
    return commandConference(this.world, this.playbacks, request);
  }

  private channel(accountId: string, callId: string): SimulatedChannel {
    const channel = this.world.switchBoard.find(accountId, callId);
    if (channel === undefined) throw new AppError('not_found', 'no such call');
    return channel;
  }

  private async command(channel: SimulatedChannel, command: CallCommand): Promise<CommandOutcome> {
    switch (command.name) {
      case 'hangup':
        this.world.switchBoard.hangup(channel);
        return confirmed('CHANNEL_DESTROY', channel.callId);
      case 'break':
        return this.playbacks.breakOff(channel);
      case 'transfer':
        return this.transfer(channel, command);
      case 'callflow':
        return this.callflow(channel, command);
      case 'intercept':
        return this.intercept(channel, command);
      case 'move':
        return this.move(channel, command);
      case 'park':
        return this.park(channel, command);
      case 'hold':
        return {
          ...this.setHold(channel, true),
          ...ignoring(command, 'moh_aleg', 'moh_bleg', 'unhold_key'),
        };
      case 'resume':
        return this.setHold(channel, false);
      case 'hold_control':
        return this.setHold(
          channel,
          command.action === 'toggle' ? !channel.onHold : command.action === 'hold',
        );
      case 'play':
        return this.play(channel, command);
      case 'record_call':
        return this.recordings.command(channel, command);
    }
  }

  private async transfer(channel: SimulatedChannel, command: Command<'transfer'>): Promise<CommandOutcome> {
    peerOf(channel);
    const destination = await this.targets.destination('target', command.target, channel);
    const attended = command.transfer_type === 'attended';
    const moh = command.moh;
    const knownMoh = attended && moh !== undefined && (await this.world.office.hasMedia(moh));
    return this.take(channel, async (story, tellArrival) => {
      const other = peerOf(channel);
      story.adopt(channel, other);
      const transfer = attended ? transferAttended : transferBlind;
      const arrival = await transfer(this.world, story, channel, other, destination, this.answerTime());
      tellArrival({
        ...outcomeOf(arrival),
        ...ignoring(command, 'takeback_dtmf', ...(knownMoh ? [] : (['moh'] as const))),
      });
      await this.world.stay(story, other, this.afterwards());
    });
  }

  private async callflow(channel: SimulatedChannel, command: Command<'callflow'>): Promise<CommandOutcome> {
    // The callflow is known to exist; what the switch itself does not know by this number is played out as a service.
    const destination = (await this.world.dialplan.resolve(command.extension)) ?? {
      kind: 'service' as const,
      number: command.extension,
      name: 'Callflow',
    };
    return this.take(channel, async (story, tellArrival) => {
      const { peer } = channel;
      story.adopt(channel, ...(peer === undefined ? [] : [peer]));
      this.leaveCurrent(channel);
      const arrival = await this.world.arrive(
        story,
        channel,
        destination,
        channel.plan.party,
        this.answerTime(),
      );
      tellArrival({ ...outcomeOf(arrival), ...ignoring(command, 'captures', 'collected') });
      await this.world.stay(story, channel, this.afterwards());
    });
  }

  private async intercept(channel: SimulatedChannel, command: Command<'intercept'>): Promise<CommandOutcome> {
    const party = await this.targets.interceptor(channel, command);
    const { device } = party;
    if (channel.peer !== undefined && command.unbridged_only) {
      throw new AppError('conflict', 'the call is bridged, and unbridged_only was asked for');
    }
    if (
      command.can_call_self === false &&
      device !== undefined &&
      device.ownerId === channel.device?.ownerId
    ) {
      throw fieldError('target_id', 'forbidden', 'The call is the own one of the target', command.target_id);
    }
    return this.take(channel, async (story, tellArrival) => {
      const { switchBoard } = this.world;
      const replaced = this.otherLegs(channel);
      story.adopt(channel, ...replaced);
      const leg = this.world.ring(story, party, channel.plan.party, channel.interactionId);
      await story.wait(command.auto_answer === true ? 200 : this.answerTime(), channel, leg);
      switchBoard.answer(leg);
      switchBoard.answer(channel);
      switchBoard.unpark(channel);
      switchBoard.leaveConference(channel);
      switchBoard.unbridge(channel);
      for (const other of replaced) switchBoard.hangup(other, 'PICKED_OFF', { intercepted_by: leg.callId });
      switchBoard.bridge(channel, leg);
      tellArrival(confirmed('CHANNEL_BRIDGE', channel.callId));
      await this.world.stay(story, channel, this.afterwards());
    });
  }

  private async move(channel: SimulatedChannel, command: Command<'move'>): Promise<CommandOutcome> {
    const other = peerOf(channel);
    const device = this.targets.device(channel, command);
    const ignored = command.dial_strategy === 'simultaneous' ? [] : ['dial_strategy'];
    return this.take(channel, async (story, tellArrival) => {
      const { switchBoard, dialplan } = this.world;
      story.adopt(channel, other);
      const leg = this.world.ring(story, dialplan.partyOf(device), other.plan.party, channel.interactionId);
      await story.wait(command.auto_answer ? 200 : this.answerTime(), channel, other, leg);
      switchBoard.answer(leg);
      switchBoard.unbridge(channel);
      switchBoard.bridge(other, leg);
      switchBoard.hangup(channel, 'ATTENDED_TRANSFER', { replaced_by: leg.callId });
      tellArrival({
        ...confirmed('CHANNEL_BRIDGE', leg.callId),
        ...(ignored.length === 0 ? {} : { ignored }),
      });
      await this.world.stay(story, leg, this.afterwards());
    });
  }

  private park(channel: SimulatedChannel, { slot: wanted }: Command<'park'>): Promise<CommandOutcome> {
    const { switchBoard } = this.world;
    if (channel.slot !== undefined) throw new AppError('conflict', `parked already in slot ${channel.slot}`);
    if (channel.answeredMs === undefined) throw new AppError('conflict', 'the call is not answered');
    if (wanted !== undefined && switchBoard.parkedIn(wanted) !== undefined) {
      throw new AppError('conflict', `slot ${wanted} is taken`);
    }
    const slot = wanted ?? switchBoard.freeSlot();
    if (slot === undefined) throw new AppError('conflict', 'all slots are taken');
    return this.take(channel, async (story, tellArrival) => {
      const { peer } = channel;
      story.adopt(channel, ...(peer === undefined ? [] : [peer]));
      switchBoard.leaveConference(channel);
      switchBoard.park(channel, slot);
      if (peer !== undefined) switchBoard.hangup(peer);
      tellArrival(confirmed('PARK_PARKED', channel.callId, slot));
      await returnToParker(this.world, story, this.random, channel, peer);
    });
  }

  private setHold(channel: SimulatedChannel, hold: boolean): CommandOutcome {
    peerOf(channel);
    if (channel.onHold === hold) {
      throw new AppError('conflict', hold ? 'the call is on hold already' : 'the call is not on hold');
    }
    if (hold) this.world.switchBoard.hold(channel);
    else this.world.switchBoard.unhold(channel);
    return confirmed(hold ? 'CHANNEL_HOLD' : 'CHANNEL_UNHOLD', channel.callId);
  }

  private async play(channel: SimulatedChannel, { id, leg }: Command<'play'>): Promise<CommandOutcome> {
    if (channel.answeredMs === undefined) throw new AppError('conflict', 'the call is not answered');
    // To both legs of a call that has one only: to that one.
    const target = leg === 'peer' ? peerOf(channel) : channel;
    if (!(await this.world.office.hasMedia(id))) throw unknownTarget('id', id);
    return this.playbacks.play(target, id);
  }

  /**
   * A story that takes the call over. The command is answered when it says so, or fails when the story ends before.
   */
  private async take(
    channel: SimulatedChannel,
    script: (story: Story, tellArrival: (outcome: CommandOutcome) => void) => Promise<void>,
  ): Promise<CommandOutcome> {
    const outcome = deferred<CommandOutcome>();
    outcome.promise.catch(() => undefined);
    if (channel.ended) throw new AppError('not_found', 'the call ended');
    void this.world.stories
      .tell('command', async (story) => {
        try {
          await script(story, (reached) => outcome.resolve(reached));
        } catch (error) {
          if (!(error instanceof StoryOver)) outcome.reject(error);
          throw error;
        }
      })
      .then(() => outcome.reject(new AppError('not_found', 'the call ended before the command took effect')));
    return outcome.promise;
  }

  /** The legs that would be in the way of another partner: the bridged one, or those that still ring. */
  private otherLegs(channel: SimulatedChannel): readonly SimulatedChannel[] {
    if (channel.peer !== undefined) return [channel.peer];
    return this.world.switchBoard.channels.filter(
      (other) =>
        other !== channel &&
        other.interactionId === channel.interactionId &&
        other.peer === undefined &&
        other.answeredMs === undefined,
    );
  }

  private leaveCurrent(channel: SimulatedChannel): void {
    const { switchBoard } = this.world;
    const others = this.otherLegs(channel);
    switchBoard.unpark(channel);
    switchBoard.leaveConference(channel);
    switchBoard.unbridge(channel);
    for (const other of others) switchBoard.hangup(other);
  }

  private forget(channel: SimulatedChannel): void {
    for (const part of [this.playbacks, this.recordings, this.digits]) part.forget(channel);
  }

  private answerTime(): number {
    return this.random.between(ANSWER_MS.low, ANSWER_MS.high);
  }

  private afterwards(): number {
    return this.random.between(AFTERWARDS_MS.low, AFTERWARDS_MS.high);
  }
}

function peerOf(channel: SimulatedChannel): SimulatedChannel {
  if (channel.peer !== undefined) return channel.peer;
  throw fieldError('other_leg_call_id', 'required', 'Channel is not bridged');
}

function outcomeOf({ event, callId, detail }: Arrival): CommandOutcome {
  return confirmed(event, callId, detail);
}
