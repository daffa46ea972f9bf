import type { DeviceEndpoint, EndpointDirectory } from '../domain/call-source';
import type { Party, SimulatedAccount, SimulatedChannel } from './channel';
import type { Office } from './office';
import { outsideNumber } from './people';
import type { SimulatedSwitch } from './simulated-switch';

/** Where a number leads. */
export type Destination =
  | { readonly kind: 'party'; readonly number: string; readonly party: Party }
  /** Something that answers by itself: an announcement, the echo, a callflow. */
  | { readonly kind: 'service'; readonly number: string; readonly name: string }
  | { readonly kind: 'conference'; readonly number: string; readonly id: string }
  | { readonly kind: 'slot'; readonly number: string; readonly parked: SimulatedChannel };

const SERVICES: Readonly<Record<string, string>> = {
  '2600': 'Announcement',
  '9196': 'Echo',
};
const OPERATOR = '0';
const CONFERENCE = /^300[0-9]$/;
const OUTSIDE = /^\+?[0-9]{7,15}$/;

/** The numbers of the simulated switch. */
export class Dialplan {
  constructor(
    private readonly account: SimulatedAccount,
    /** Extension -> who has it. */
    private readonly staff: ReadonlyMap<string, Party>,
    private readonly switchBoard: SimulatedSwitch,
    private readonly endpoints: EndpointDirectory,
    private readonly office: Office,
  ) {}

  /** Undefined: nobody is there. */
  async resolve(number: string): Promise<Destination | undefined> {
    const known = this.local(number);
    if (known !== undefined) return known;
    if (await this.office.hasNumber(number)) return { kind: 'service', number, name: 'Callflow' };
    return OUTSIDE.test(number) ? { kind: 'party', number, party: outsideNumber(number) } : undefined;
  }

  /** The person at a device, by name and extension where it is one of the staff's. */
  partyOf(device: DeviceEndpoint): Party {
    for (const party of this.staff.values()) {
      if (party.device?.deviceId === device.deviceId) return party;
    }
    return { name: device.username, number: device.username, device };
  }

  private local(number: string): Destination | undefined {
    const parked = this.switchBoard.parkedIn(number);
    if (parked !== undefined) return { kind: 'slot', number, parked };
    if (Object.hasOwn(SERVICES, number)) return { kind: 'service', number, name: SERVICES[number] ?? '' };
    if (CONFERENCE.test(number)) return { kind: 'conference', number, id: number };
    const member = number === OPERATOR ? [...this.staff.values()][0] : this.staff.get(number);
    if (member !== undefined) return { kind: 'party', number, party: member };
    const device = this.endpoints
      .ofAccount(this.account.id)
      .find(({ username }) => username.toLowerCase() === number.toLowerCase());
    return device === undefined ? undefined : { kind: 'party', number, party: this.partyOf(device) };
  }
}
