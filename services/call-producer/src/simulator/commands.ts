import {
  type CallCommand,
  type CallFlow,
  type CommandOutcome,
  type ConferenceCommandRequest,
} from '@ringdown/contracts';
import { AppError, deferred, type Logger } from '@ringdown/core';
import { FlowRunner } from '../app/flow-runner';
import { fieldError, unknownTarget } from '../domain/field-error';
import type { DeviceEndpoint, EndpointDirectory } from '../domain/call-source';
import type { Party, SimulatedChannel } from './channel';
import type { ConferenceRoom, Member } from './conference-room';
import type { Destination } from './dialplan';
import type { Random } from './random';
import { returnToParker } from './scenarios/parking';
import { seconds } from './scenarios/scenario';
import { transferAttended, transferBlind, type Arrival } from './scenarios/transfers';
import { StoryOver, type Story } from './stories';
import type { World } from './world';

type Command<Name extends CallCommand['name']> = Extract<CallCommand, { name: Name }>;

/** Short enough that the proof of an answered call comes while the asker waits. */
const ANSWER_MS = { low: 600, high: 1_400 };
/** After a command a conversation goes on for a while, then its people hang up. */
const AFTERWARDS_MS = { low: seconds(60), high: seconds(180) };
const PLAYBACK_MS = 1_500;
/** Simulated people rarely press digits. */
const PRESS_CHANCE = 0.3;
const PRESS_AFTER_MS = { low: seconds(8), high: seconds(20) };

/** Acts on calls as a telephone switch would: checks, does, and tells what was seen. */
export class SimulatorCommands {
  private readonly flows: FlowRunner;
  private readonly playing = new Map<SimulatedChannel, () => void>();
  private readonly recordingLimits = new Map<SimulatedChannel, NodeJS.Timeout>();
  private readonly masked = new WeakSet<SimulatedChannel>();
  private readonly digitListeners = new Map<SimulatedChannel, Set<(digit: string | undefined) => void>>();

  constructor(
    private readonly world: World,
    private readonly endpoints: EndpointDirectory,
    private readonly random: Random,
    logger: Logger,
  ) {
    this.flows = new FlowRunner(
      {
        execute: (accountId, callId, command) => this.command(this.channel(accountId, callId), command),
        nextDigit: (callId, signal) => this.nextDigit(callId, signal),
      },
      logger,
    );
    world.switchBoard.onEnd((channel) => this.forget(channel));
  }

  execute(accountId: string, callId: string, flow: CallFlow): Promise<CommandOutcome> {
    return this.flows.run(accountId, callId, flow);
  }

  /** Somebody presses a digit on a phone. */
  press(callId: string, digit: string): void {
    const channel = this.world.switchBoard.channels.find((it) => it.callId === callId);
    for (const listener of channel === undefined ? [] : [...(this.digitListeners.get(channel) ?? [])]) {
      listener(digit);
    }
  }

  stop(): void {
    this.flows.stop();
    for (const channel of this.world.switchBoard.channels) this.forget(channel);
  }

  async conference(request: ConferenceCommandRequest): Promise<CommandOutcome> {
    const room = this.world.switchBoard.room(request.account_id, request.conference_id);
    if (room === undefined) throw new AppError('not_found', 'no such conference');
    const members = membersMeant(room, request.participant_id);
    const { switchBoard } = this.world;
    switch (request.action) {
      case 'kick':
        for (const { channel } of members) {
          switchBoard.leaveConference(channel);
          switchBoard.hangup(channel);
        }
        return confirmed('del-member', members[0]?.channel.callId);
      case 'mute':
      case 'unmute': {
        const mute = request.action === 'mute';
        const changed = members.filter((member) => room.setMuted(member, mute));
        const seen = mute ? 'mute-member' : 'unmute-member';
        return changed.length === 0
          ? confirmed(seen, members[0]?.channel.callId, `${request.action}d already`)
          : confirmed(seen, changed[0]?.channel.callId);
      }
      case 'lock':
      case 'unlock': {
        const changed = room.setLocked(request.action === 'lock');
        return confirmed(request.action, undefined, changed ? undefined : `${request.action}ed already`);
      }
      case 'play': {
        const media = request.media_id;
        if (media === undefined) throw fieldError('media_id', 'required', 'No media specified');
        if (!(await this.world.office.hasMedia(media))) throw unknownTarget('media_id', media);
        const first = members[0]?.channel;
        if (first === undefined || first.ended) throw new AppError('not_found', 'no such conference');
        return this.playTo(first, media);
      }
    }
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
        return this.stopPlaying(channel);
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
        return this.record(channel, command);
    }
  }

  private async transfer(channel: SimulatedChannel, command: Command<'transfer'>): Promise<CommandOutcome> {
    peerOf(channel);
    const destination = await this.destination('target', command.target, channel);
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
    const party = await this.interceptor(channel, command);
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
      switchBoard.unbridge(channel);
      for (const other of replaced) switchBoard.hangup(other, 'PICKED_OFF', { intercepted_by: leg.callId });
      switchBoard.bridge(channel, leg);
      tellArrival(confirmed('CHANNEL_BRIDGE', channel.callId));
      await this.world.stay(story, channel, this.afterwards());
    });
  }

  private async move(channel: SimulatedChannel, command: Command<'move'>): Promise<CommandOutcome> {
    const other = peerOf(channel);
    const device = this.moveTarget(channel, command);
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
    return this.playTo(target, id);
  }

  private async playTo(channel: SimulatedChannel, media: string): Promise<CommandOutcome> {
    this.playing.get(channel)?.();
    const done = deferred();
    const timer = setTimeout(() => done.resolve(), PLAYBACK_MS);
    const end = (): void => {
      clearTimeout(timer);
      done.resolve();
    };
    this.playing.set(channel, end);
    await done.promise;
    if (this.playing.get(channel) === end) this.playing.delete(channel);
    if (channel.ended) throw new AppError('not_found', 'the call ended');
    return confirmed('playback_finished', channel.callId, media);
  }

  private stopPlaying(channel: SimulatedChannel): CommandOutcome {
    const end = this.playing.get(channel);
    if (end === undefined) throw new AppError('conflict', 'nothing is being played to the call');
    end();
    return confirmed('playback_finished', channel.callId, 'stopped');
  }

  private record(channel: SimulatedChannel, command: Command<'record_call'>): CommandOutcome {
    const { switchBoard } = this.world;
    const running = channel.recordingSince !== undefined;
    const action = command.action === 'toggle' ? (running ? 'stop' : 'start') : command.action;
    if (channel.answeredMs === undefined) throw new AppError('conflict', 'the call is not answered');
    if (action === 'start' && running) throw new AppError('conflict', 'the call is being recorded already');
    if (action !== 'start' && !running) throw new AppError('conflict', 'the call is not being recorded');
    switch (action) {
      case 'start':
        switchBoard.startRecording(channel);
        this.limitRecording(channel, command.time_limit);
        return {
          ...confirmed('recording_started', channel.callId),
          ...ignoring(command, 'format', 'label', 'media_name'),
        };
      case 'stop':
        this.limitRecording(channel, undefined);
        switchBoard.stopRecording(channel);
        return confirmed('recording_stopped', channel.callId);
      case 'mask':
        this.masked.add(channel);
        return confirmed('recording_masked', channel.callId);
      case 'unmask':
        this.masked.delete(channel);
        return confirmed('recording_unmasked', channel.callId);
    }
  }

  private limitRecording(channel: SimulatedChannel, limitS: number | undefined): void {
    clearTimeout(this.recordingLimits.get(channel));
    this.recordingLimits.delete(channel);
    if (limitS === undefined) return;
    this.recordingLimits.set(
      channel,
      setTimeout(() => {
        this.recordingLimits.delete(channel);
        this.world.switchBoard.stopRecording(channel);
      }, seconds(limitS)),
    );
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

  private async destination(field: string, number: string, channel: SimulatedChannel): Promise<Destination> {
    const destination = await this.world.dialplan.resolve(number);
    if (destination === undefined) throw unknownTarget(field, number);
    if (destination.kind === 'slot' && destination.parked === channel) {
      throw new AppError('conflict', 'the call is parked there itself');
    }
    const room =
      destination.kind === 'conference'
        ? this.world.switchBoard.room(channel.accountId, destination.id)
        : undefined;
    if (room?.locked === true) throw new AppError('conflict', `conference ${number} is locked`);
    return destination;
  }

  private async interceptor(
    channel: SimulatedChannel,
    { target_type: type, target_id: id }: Command<'intercept'>,
  ): Promise<Party> {
    if (type === 'number') {
      const destination = await this.destination('target_id', id, channel);
      if (destination.kind === 'party') return destination.party;
      throw fieldError('target_id', 'invalid', `${id} is nobody who could pick up a call`, id);
    }
    const device =
      type === 'device' ? this.device(channel.accountId, id) : this.devicesOf(channel.accountId, id)[0];
    if (device === undefined) throw unknownTarget('target_id', id);
    return this.world.dialplan.partyOf(device);
  }

  private moveTarget(channel: SimulatedChannel, command: Command<'move'>): DeviceEndpoint {
    const { accountId } = channel;
    if (command.device_id !== undefined) {
      const device = this.device(accountId, command.device_id);
      if (device === undefined) throw unknownTarget('device_id', command.device_id);
      if (!command.can_call_self && device.deviceId === channel.device?.deviceId) {
        throw fieldError('device_id', 'forbidden', 'The call is on this device already', command.device_id);
      }
      return device;
    }
    const owner = command.owner_id ?? channel.device?.ownerId;
    const devices = owner === undefined ? [] : this.devicesOf(accountId, owner);
    if (command.owner_id !== undefined && devices.length === 0) {
      throw unknownTarget('owner_id', command.owner_id);
    }
    const other = devices.find(({ deviceId }) => deviceId !== channel.device?.deviceId);
    const device = other ?? (command.can_call_self ? devices[0] : undefined);
    if (device === undefined) throw new AppError('conflict', 'there is no other device to move the call to');
    return device;
  }

  /** The directory may lag behind the devices the simulator has just made itself. */
  private device(accountId: string, deviceId: string): DeviceEndpoint | undefined {
    return (
      this.endpoints.byDevice(accountId, deviceId) ??
      this.ownDevices(accountId).find((device) => device.deviceId === deviceId)
    );
  }

  private devicesOf(accountId: string, ownerId: string): readonly DeviceEndpoint[] {
    const known = this.endpoints.ofOwner(accountId, ownerId);
    return known.length > 0
      ? known
      : this.ownDevices(accountId).filter((device) => device.ownerId === ownerId);
  }

  private ownDevices(accountId: string): readonly DeviceEndpoint[] {
    return this.world.staff.flatMap(({ device }) => (device?.accountId === accountId ? [device] : []));
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

  private nextDigit(callId: string, signal: AbortSignal): Promise<string | undefined> {
    const channel = this.world.switchBoard.channels.find((it) => it.callId === callId);
    if (channel === undefined || signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const listeners = this.digitListeners.get(channel) ?? new Set();
      this.digitListeners.set(channel, listeners);
      const presses = this.random.chance(PRESS_CHANCE);
      const timer = presses
        ? setTimeout(
            () => settle(String(this.random.between(0, 9))),
            this.random.between(PRESS_AFTER_MS.low, PRESS_AFTER_MS.high),
          )
        : undefined;
      const settle = (digit: string | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        listeners.delete(settle);
        resolve(digit);
      };
      const onAbort = (): void => settle(undefined);
      listeners.add(settle);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private forget(channel: SimulatedChannel): void {
    this.playing.get(channel)?.();
    this.playing.delete(channel);
    this.limitRecording(channel, undefined);
    for (const listener of [...(this.digitListeners.get(channel) ?? [])]) listener(undefined);
    this.digitListeners.delete(channel);
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

function membersMeant(room: ConferenceRoom, participantId: number | undefined): readonly Member[] {
  if (participantId === undefined) return [...room.members.values()];
  const member = room.byParticipant(participantId);
  if (member === undefined) throw new AppError('not_found', 'no such participant');
  return [member];
}

function confirmed(event: string, callId?: string, detail?: string): CommandOutcome {
  return {
    status: 'confirmed',
    seen: {
      event,
      ...(callId === undefined ? {} : { call_id: callId }),
      ...(detail === undefined ? {} : { detail }),
    },
  };
}

function outcomeOf({ event, callId, detail }: Arrival): CommandOutcome {
  return confirmed(event, callId, detail);
}

/** The members that were given and that this switch does nothing about. */
function ignoring<C extends CallCommand>(
  command: C,
  ...names: readonly (keyof C & string)[]
): Pick<CommandOutcome, 'ignored'> {
  const ignored = names.filter((name) => command[name] !== undefined);
  return ignored.length === 0 ? {} : { ignored };
}
