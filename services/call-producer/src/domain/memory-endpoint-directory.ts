import type { Endpoint } from '@ringdown/contracts';
import type { DeviceEndpoint, EndpointDirectory } from './call-source';

interface Entry {
  readonly endpoint: DeviceEndpoint;
  readonly created: number;
}

/** The endpoint directory as tables in memory. Disabled devices are left out: nobody may call with them. */
export class MemoryEndpointDirectory implements EndpointDirectory {
  private readonly accounts = new Map<string, Map<string, Entry>>();
  /** The eldest comes first: the name is its own. */
  private readonly names = new Map<string, Entry[]>();
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** Replaces what is known of all accounts. */
  replaceAll(endpoints: readonly Endpoint[]): void {
    const byAccount = new Map<string, Endpoint[]>();
    for (const endpoint of endpoints) {
      const own = byAccount.get(endpoint.account_id);
      if (own === undefined) byAccount.set(endpoint.account_id, [endpoint]);
      else own.push(endpoint);
    }
    for (const accountId of [...this.accounts.keys()]) {
      if (!byAccount.has(accountId)) this.replaceAccount(accountId, []);
    }
    for (const [accountId, own] of byAccount) this.replaceAccount(accountId, own);
  }

  /** Replaces what is known of one account. */
  replaceAccount(accountId: string, endpoints: readonly Endpoint[]): void {
    for (const entry of this.accounts.get(accountId)?.values() ?? []) this.forgetNames(entry);
    this.count -= this.accounts.get(accountId)?.size ?? 0;
    this.accounts.delete(accountId);
    const own = new Map<string, Entry>();
    for (const endpoint of endpoints) {
      if (!endpoint.enabled || endpoint.account_id !== accountId) continue;
      const entry = { endpoint: deviceEndpoint(endpoint), created: endpoint.created };
      own.set(endpoint.device_id, entry);
      this.addNames(entry);
    }
    if (own.size > 0) this.accounts.set(accountId, own);
    this.count += own.size;
  }

  byUsername(username: string): DeviceEndpoint | undefined {
    return this.names.get(username.toLowerCase())?.[0]?.endpoint;
  }

  byDevice(accountId: string, deviceId: string): DeviceEndpoint | undefined {
    return this.accounts.get(accountId)?.get(deviceId)?.endpoint;
  }

  ofOwner(accountId: string, ownerId: string): readonly DeviceEndpoint[] {
    return this.ofAccount(accountId).filter((endpoint) => endpoint.ownerId === ownerId);
  }

  ofAccount(accountId: string): readonly DeviceEndpoint[] {
    return [...(this.accounts.get(accountId)?.values() ?? [])].map(({ endpoint }) => endpoint);
  }

  private addNames(entry: Entry): void {
    for (const name of namesOf(entry.endpoint)) {
      const claims = this.names.get(name) ?? [];
      claims.push(entry);
      claims.sort(byAge);
      this.names.set(name, claims);
    }
  }

  private forgetNames(entry: Entry): void {
    for (const name of namesOf(entry.endpoint)) {
      const others = (this.names.get(name) ?? []).filter((it) => it !== entry);
      if (others.length === 0) this.names.delete(name);
      else this.names.set(name, others);
    }
  }
}

/** Devices of one second are told apart by id, so that every producer sees the same owner. */
function byAge(a: Entry, b: Entry): number {
  return a.created - b.created || (a.endpoint.deviceId < b.endpoint.deviceId ? -1 : 1);
}

/** SIP compares host names without case; our users' names are typed by people, so they are, too. */
function namesOf({ username, realm }: DeviceEndpoint): readonly string[] {
  const name = username.toLowerCase();
  return realm === undefined ? [name] : [name, `${name}@${realm.toLowerCase()}`];
}

function deviceEndpoint(endpoint: Endpoint): DeviceEndpoint {
  return {
    deviceId: endpoint.device_id,
    accountId: endpoint.account_id,
    accountName: endpoint.account_name,
    realm: endpoint.realm,
    username: endpoint.username,
    ownerId: endpoint.owner_id,
    presenceId: endpoint.presence_id,
  };
}
