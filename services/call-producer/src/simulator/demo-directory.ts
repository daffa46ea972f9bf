import { randomHex } from '@ringdown/core';
import type { DeviceEndpoint } from '../domain/call-source';
import type { Party, SimulatedAccount } from './channel';
import type { Documents } from './documents';
import { STAFF, type StaffMember } from './people';

/** The extension everybody can be sent to. */
export const ANNOUNCEMENT = '2600';

/** Whose calls are simulated. */
export interface DemoDirectory {
  readonly account: SimulatedAccount;
  /** By extension. */
  readonly staff: ReadonlyMap<string, Party>;
}

/**
 * Makes sure that the root account has a realm, the staff with a SIP device each, and a callflow behind extension 2600.
 * What is there is found again and left as it is. Errors: those of object-producer; `not_found` without a root account.
 */
export async function ensureDemoDirectory(documents: Documents): Promise<DemoDirectory> {
  const { account_id: id, name, realm: known } = await documents.root();
  const realm = known ?? (await giveRealm(documents, id));
  const account = { id, name, realm };
  const staff = new Map<string, Party>();
  for (const member of STAFF) {
    staff.set(member.extension, {
      name: `${member.firstName} ${member.lastName}`,
      number: member.extension,
      device: await ensureDevice(documents, account, member),
    });
  }
  await ensureCallflow(documents, id);
  return { account, staff };
}

async function giveRealm(documents: Documents, accountId: string): Promise<string> {
  const realm = `${accountId.slice(0, 12)}.sip.example`;
  await documents.merge({ accountId, type: 'account' }, accountId, { realm });
  return realm;
}

async function ensureDevice(
  documents: Documents,
  account: SimulatedAccount,
  member: StaffMember,
): Promise<DeviceEndpoint> {
  const users = { accountId: account.id, type: 'user' };
  const devices = { accountId: account.id, type: 'device' };
  const [user] = await documents.list(users, { username: member.username });
  const ownerId =
    user?.id ??
    (await documents.create(users, {
      first_name: member.firstName,
      last_name: member.lastName,
      username: member.username,
      presence_id: member.extension,
    }));
  const [device] = await documents.list(devices, { 'sip.username': member.sipUsername });
  const deviceId =
    device?.id ??
    (await documents.create(devices, {
      name: member.deviceName,
      device_type: 'sip_device',
      owner_id: ownerId,
      sip: { username: member.sipUsername, password: randomHex(24) },
    }));
  return {
    deviceId,
    accountId: account.id,
    accountName: account.name,
    realm: account.realm,
    username: member.sipUsername,
    ownerId: typeof device?.['owner_id'] === 'string' ? device['owner_id'] : ownerId,
    presenceId: member.extension,
  };
}

async function ensureCallflow(documents: Documents, accountId: string): Promise<void> {
  const callflows = { accountId, type: 'callflow' };
  const existing = await documents.list(callflows, {});
  const taken = existing.some(({ numbers }) => Array.isArray(numbers) && numbers.includes(ANNOUNCEMENT));
  if (taken) return;
  await documents.create(callflows, {
    name: 'Announcement',
    numbers: [ANNOUNCEMENT],
    flow: { module: 'play', data: { id: 'welcome' }, children: {} },
  });
}
