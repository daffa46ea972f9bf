import { randomHex } from '@ringdown/core';
import { ApiClient, type ApiAnswer, type TestSystem } from '@ringdown/testing';

/** An account with an administrator who is logged in. */
export interface Member {
  readonly accountId: string;
  readonly userId: string;
  readonly username: string;
  readonly password: string;
  readonly api: ApiClient;
  readonly token: string;
}

/** Makes an account below `parent` with an administrator and logs it in. */
export async function makeMember(admin: ApiClient, parentId: string, name: string): Promise<Member> {
  const accountName = `${name}-${randomHex(8)}`;
  const account = await expectStatus(201, admin.put(`/v2/accounts/${parentId}`, { name: accountName }));
  const accountId = String(account.data['id']);
  const password = randomHex(20);
  const username = `admin-${randomHex(6)}`;
  const user = await expectStatus(
    201,
    admin.put(`/v2/accounts/${accountId}/users`, {
      first_name: 'Ada',
      last_name: name,
      username,
      password,
      priv_level: 'admin',
    }),
  );
  const api = await new ApiClient(admin.base).login(username, password, { name: accountName });
  return { accountId, userId: String(user.data['id']), username, password, api, token: api.token! };
}

/** A parent with two children; the root account is above. */
export async function makeFamily(system: TestSystem) {
  const admin = await system.admin();
  const parent = await makeMember(admin, admin.accountId, 'parent');
  const child = await makeMember(admin, parent.accountId, 'child');
  const sibling = await makeMember(admin, parent.accountId, 'sibling');
  return { admin, parent, child, sibling };
}

/** The answer, or an error that shows what came instead. */
export async function expectStatus(status: number, answer: Promise<ApiAnswer>): Promise<ApiAnswer> {
  const got = await answer;
  if (got.status !== status)
    throw new Error(`expected ${status}, got ${got.status}: ${got.text.slice(0, 1_000)}`);
  return got;
}
