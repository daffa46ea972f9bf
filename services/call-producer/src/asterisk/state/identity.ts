import type { DeviceEndpoint, EndpointDirectory } from '../../domain/call-source';
import { endpointOf } from './channel-name';
import type { IdentityVariables } from './leg';

/** Whose call leg it is. */
export interface Identity {
  readonly accountId?: string;
  readonly accountName?: string;
  readonly realm?: string;
  readonly deviceId?: string;
  readonly ownerId?: string;
  readonly username?: string;
  readonly presenceId?: string;
}

/**
 * The owner of a leg: by channel variables, else by the device whose SIP user names the endpoint, else by the account of
 * a leg of the same call. A device counts only within the account that the variables name.
 */
export function identityOf(
  channelName: string,
  variables: IdentityVariables,
  endpoints: EndpointDirectory,
  accountOfCall: string | undefined,
): Identity {
  const device = deviceOf(channelName, variables, endpoints);
  const accountId = variables.accountId ?? device?.accountId ?? accountOfCall;
  if (accountId === undefined) return {};
  const account = device ?? endpoints.ofAccount(accountId)[0];
  const ownerId = variables.ownerId ?? device?.ownerId;
  const deviceId = device?.deviceId ?? variables.deviceId;
  return {
    accountId,
    ...(account === undefined ? {} : { accountName: account.accountName }),
    ...(account?.realm === undefined ? {} : { realm: account.realm }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(ownerId === undefined ? {} : { ownerId }),
    ...(device === undefined ? {} : { username: device.username }),
    ...presenceOf(device),
  };
}

function deviceOf(
  channelName: string,
  { accountId, deviceId }: IdentityVariables,
  endpoints: EndpointDirectory,
): DeviceEndpoint | undefined {
  const endpoint = endpointOf(channelName);
  const byName = endpoint === undefined ? undefined : endpoints.byUsername(endpoint);
  if (deviceId !== undefined) {
    const account = accountId ?? byName?.accountId;
    return account === undefined ? undefined : endpoints.byDevice(account, deviceId);
  }
  return accountId === undefined || byName?.accountId === accountId ? byName : undefined;
}

function presenceOf(device: DeviceEndpoint | undefined): { presenceId?: string } {
  if (device === undefined) return {};
  const id = device.presenceId ?? device.username;
  if (id.includes('@') || device.realm === undefined) return { presenceId: id };
  return { presenceId: `${id}@${device.realm}` };
}
