import type { CallCommand } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { DeviceEndpoint, EndpointDirectory } from '../domain/call-source';
import { fieldError, unknownTarget } from '../domain/field-error';
import type { Party, SimulatedChannel } from './channel';
import type { Destination } from './dialplan';
import type { World } from './world';

type Command<Name extends CallCommand['name']> = Extract<CallCommand, { name: Name }>;

/** Whom commands mean: looked up before anything is done. */
export class Targets {
  constructor(
    private readonly world: World,
    private readonly endpoints: EndpointDirectory,
  ) {}

  /** Where a number leads. Errors: validation_failed (nobody is there), conflict. */
  async destination(field: string, number: string, channel: SimulatedChannel): Promise<Destination> {
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

  /** Who shall pick a call up. Errors: validation_failed. */
  async interceptor(
    channel: SimulatedChannel,
    { target_type: type, target_id: id }: Command<'intercept'>,
  ): Promise<Party> {
    if (type === 'number') {
      const destination = await this.destination('target_id', id, channel);
      if (destination.kind === 'party') return destination.party;
      throw fieldError('target_id', 'invalid', `${id} is nobody who could pick up a call`, id);
    }
    const device =
      type === 'device' ? this.deviceWith(channel.accountId, id) : this.devicesOf(channel.accountId, id)[0];
    if (device === undefined) throw unknownTarget('target_id', id);
    return this.world.dialplan.partyOf(device);
  }

  /** Where a conversation shall go on. Errors: validation_failed, conflict. */
  device(channel: SimulatedChannel, command: Command<'move'>): DeviceEndpoint {
    const { accountId } = channel;
    if (command.device_id !== undefined) {
      const device = this.deviceWith(accountId, command.device_id);
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
  private deviceWith(accountId: string, deviceId: string): DeviceEndpoint | undefined {
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
}
