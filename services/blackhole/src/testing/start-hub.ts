import { handle } from '@ringdown/broker';
import type { SettingsOverrides } from '@ringdown/config';
import { apiAuth } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { WsClient, onTeardown, type Frame } from '@ringdown/testing';
import { CUSTOMER, ROOT, startBlackhole, type TestBlackhole } from './start-blackhole';

/** The API key of the customer; its id is `key-1`. */
export const KEY = 'ab'.repeat(32);

export const HEX_64 = /^[0-9a-f]{64}$/;
export const UUID_4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** A gateway as `startBlackhole` makes it, and clients of its events hub. */
export interface TestHub extends TestBlackhole {
  /** A token of a user of its own, so that no limit of connections is shared. */
  tokenOf(accountId: string): string;
  hubUrl(query?: string, path?: string): string;
  /** Connected and welcomed; without a token as a new user of the account (default: the customer). */
  open(query?: string, options?: { readonly token?: string; readonly accountId?: string }): Promise<WsClient>;
}

/** At most three connections of one principal, unless told otherwise. */
export async function startHub(settings: SettingsOverrides = {}): Promise<TestHub> {
  const gateway = await startBlackhole({ wsMaxConnectionsPerPrincipal: 3, ...settings });
  await answerApiKeys(gateway);
  let users = 0;
  const tokenOf = (accountId: string): string => {
    users += 1;
    return gateway.directory.tokenFor(accountId, {
      userId: `user-${users}`,
      isSuperAdmin: accountId === ROOT,
    });
  };
  const hubUrl = (query = '', path = '/api/v1/ws/subscribe'): string =>
    new URL(query === '' ? path : `${path}?${query}`, gateway.url).href;
  return Object.assign(gateway, {
    tokenOf,
    hubUrl,
    open: async (query?: string, options: { token?: string; accountId?: string } = {}) => {
      const token = options.token ?? tokenOf(options.accountId ?? CUSTOMER);
      const client = await WsClient.connect(hubUrl(query), { headers: { authorization: `Bearer ${token}` } });
      await client.waitForFrame(() => true);
      return client;
    },
  });
}

async function answerApiKeys({ join, directory }: TestBlackhole): Promise<void> {
  const producer = join('object-producer');
  await producer.start();
  onTeardown(() => producer.stop());
  await producer.serve([
    handle(apiAuth, async ({ api_key }) => {
      if (api_key !== KEY) throw new AppError('not_found', 'bad identifier');
      return {
        auth_token: directory.tokenFor(CUSTOMER, { userId: undefined, keyId: 'key-1' }),
        expires_at: 1,
        account_id: CUSTOMER,
        account_name: 'Customer',
        is_master_account: false,
        language: 'en-us',
      };
    }),
  ]);
}

export function welcomeOf(client: WsClient): { client_id: string; subscriptions: string[] } {
  return client.frames[0]!['body'] as { client_id: string; subscriptions: string[] };
}

export function eventsOf(client: WsClient): Frame[] {
  return client.frames.filter(
    ({ event_type }) => !['global', 'health', 'system'].includes(String(event_type)),
  );
}

/** The event of a call, once it is there. */
export function callOf(client: WsClient, callId: string): Promise<Frame> {
  return client.waitForFrame(({ body }) => (body as Frame | undefined)?.['call_id'] === callId);
}
