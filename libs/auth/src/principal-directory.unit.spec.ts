import { AppError, deferred, silentLogger, type Deferred } from '@ringdown/core';
import {
  describePrincipal,
  type DescribeRequest,
  type PrincipalState,
  type Revocation,
} from '@ringdown/contracts';
import { createPrincipalDirectory, type DirectoryBroker, type DirectoryChange } from './principal-directory';
import { TokenCodec } from './token-codec';

const account = {
  id: 'child',
  name: 'Child',
  realm: 'child.example',
  enabled: true,
  tree: ['root'],
  superduper_admin: false,
};
const admin: PrincipalState = { account, user: { id: 'u1', enabled: true, priv_level: 'admin' }, epoch: 1 };
const root: PrincipalState = {
  account: { ...account, id: 'root', tree: [], superduper_admin: true },
  user: { id: 'boss', enabled: true, priv_level: 'admin' },
  epoch: 0,
};

/** An object-producer and the control plane, as far as the directory sees them. */
class FakeBroker {
  state = 'ready';
  principals = new Map<string, PrincipalState>([
    ['child u1', admin],
    ['child', { account, epoch: 0 }],
    ['root boss', root],
    ['root', { account: root.account, epoch: 0 }],
    ['sibling', { account: { ...account, id: 'sibling' }, epoch: 0 }],
  ]);
  revocations: Revocation[] = [];
  questions: DescribeRequest[] = [];
  failing = false;
  /** When set, answers wait for it. */
  gate: Deferred | undefined;
  private readonly control = new Map<string, (body: never) => void>();
  private resync: () => Promise<void> = () => Promise.resolve();
  private onStatus: () => void = () => undefined;

  readonly port: DirectoryBroker = {
    status: () => ({ state: this.state }),
    onStatus: (listener) => {
      this.onStatus = () => listener({ state: this.state });
      return () => undefined;
    },
    request: async (operation, payload) => {
      if (this.failing) throw new AppError('timeout', 'nobody answers');
      if (operation.name !== describePrincipal.name) return { revocations: this.revocations } as never;
      const question = payload as DescribeRequest;
      this.questions.push(question);
      const key = [question.account_id, question.owner_id ?? question.key_id].filter(Boolean).join(' ');
      const answer = this.principals.get(key) ?? { account: null, user: null, epoch: 0 };
      await this.gate?.promise;
      return answer as never;
    },
    onControl: (name, listener) => {
      this.control.set(name, listener as (body: never) => void);
      return () => this.control.delete(name);
    },
    onResync: (listener) => {
      this.resync = listener;
      return () => undefined;
    },
  };

  send(name: string, body: unknown): void {
    this.control.get(name)?.(body as never);
  }

  /** As the broker does it: not ready before every listener has caught up. */
  async reconnect(): Promise<void> {
    this.state = 'connecting';
    await this.resync();
    this.state = 'ready';
    this.onStatus();
  }
}

const start = Date.UTC(2026, 0, 5);

async function given(prepare: (broker: FakeBroker) => void = () => undefined) {
  const broker = new FakeBroker();
  prepare(broker);
  const time = { now: start };
  const clock = (): number => time.now;
  const tokens = new TokenCodec([{ kid: 'k', secret: 's'.repeat(32) }], clock);
  const directory = createPrincipalDirectory({ broker: broker.port, tokens, logger: silentLogger, clock });
  const changes: DirectoryChange[] = [];
  const loaded = deferred();
  directory.onChanged((change) => {
    changes.push(change);
    loaded.resolve();
  });
  await directory.start();
  if (!broker.failing) await loaded.promise;
  changes.length = 0;
  const child = tokens.sign({ accountId: 'child', userId: 'u1', epoch: 1, method: 'user_auth' }, 3600);
  const boss = tokens.sign({ accountId: 'root', userId: 'boss', epoch: 0, method: 'user_auth' }, 3600);
  return { broker, time, tokens, directory, changes, child, boss };
}

describe('a principal directory', () => {
  it('turns a valid token into a principal with its rights', async () => {
    const { directory, child, boss } = await given();

    expect(await directory.authenticateToken(child.token)).toMatchObject({
      accountId: 'child',
      userId: 'u1',
      isAdmin: true,
      isSuperAdmin: false,
    });
    expect((await directory.authenticateToken(boss.token)).isSuperAdmin).toBe(true);
  });

  it('knows without asking that there is no account of an id that none can have', async () => {
    const { broker, directory, boss } = await given();
    const principal = await directory.authenticateToken(boss.token);
    broker.questions.length = 0;

    for (const id of ['', 'a\0b', '../child', 'child u1', 'x'.repeat(65), '💥']) {
      expect(await directory.account(id)).toBeUndefined();
      expect(await directory.mayAccess(principal, id)).toBe(false);
    }
    expect(broker.questions).toEqual([]);
  });

  it('asks once for the same principal until it changes', async () => {
    const { directory, broker, child } = await given();

    await directory.authenticateToken(child.token);
    await directory.authenticateToken(child.token);
    expect(broker.questions).toHaveLength(1);

    broker.send('principal_changed', { account_id: 'child', user_id: 'u1' });
    await directory.authenticateToken(child.token);
    expect(broker.questions).toHaveLength(2);
  });

  it.each<[string, PrincipalState, string]>([
    ['a deleted account', { account: null, user: null, epoch: 1 }, 'deleted'],
    ['a disabled account', { ...admin, account: { ...account, enabled: false } }, 'disabled'],
    ['a deleted user', { account, user: null, epoch: 1 }, 'deleted'],
    ['a disabled user', { ...admin, user: { id: 'u1', enabled: false, priv_level: 'admin' } }, 'disabled'],
    ['a changed password', { ...admin, epoch: 2 }, 'revoked'],
  ])('refuses a token of %s', async (_, state, reason) => {
    const { directory, broker, child } = await given();
    broker.principals.set('child u1', state);

    await expect(directory.authenticateToken(child.token)).rejects.toMatchObject({
      code: 'unauthorized',
      details: { reason },
    });
  });

  it('notices that an administrator lost its rights', async () => {
    const { directory, broker, child } = await given();
    const principal = await directory.authenticateToken(child.token);

    broker.principals.set('child u1', { ...admin, user: { id: 'u1', enabled: true, priv_level: 'user' } });
    broker.send('principal_changed', { account_id: 'child', user_id: 'u1' });

    expect(await directory.check(principal)).toBe('revoked');
  });

  it('lets a principal see its own account and those below, and no other', async () => {
    const { directory, child, boss } = await given();
    const low = await directory.authenticateToken(child.token);
    const high = await directory.authenticateToken(boss.token);

    expect(await directory.mayAccess(low, 'child')).toBe(true);
    expect(await directory.mayAccess(low, 'root')).toBe(false);
    expect(await directory.mayAccess(low, 'sibling')).toBe(false);
    expect(await directory.mayAccess(high, 'child')).toBe(true);
    expect(await directory.mayAccess(high, 'unknown')).toBe(false);
  });

  it('stops accepting a revoked token at once and says which', async () => {
    const { directory, broker, child, changes } = await given();
    const principal = await directory.authenticateToken(child.token);

    broker.send('token_revoked', { token_id: child.tokenId, expires_at: start / 1000 + 3600 });

    expect(await directory.check(principal)).toBe('revoked');
    expect(changes).toEqual([{ kind: 'token', tokenId: child.tokenId }]);
    await expect(directory.authenticateToken(child.token)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('knows the revocations made before it started', async () => {
    const { directory, broker, child } = await given();
    broker.revocations = [{ token_id: child.tokenId, expires_at: start / 1000 + 3600 }];

    await broker.reconnect();

    await expect(directory.authenticateToken(child.token)).rejects.toMatchObject({
      details: { reason: 'revoked' },
    });
  });

  it('forgets revocations of tokens that expired, whatever lives longer', async () => {
    const { directory, broker, time, child } = await given();
    broker.send('token_revoked', { token_id: child.tokenId, expires_at: start / 1000 + 1e9 });

    for (let at = 0; at < 20_000; at += 1) {
      time.now = start + at * 1000;
      broker.send('token_revoked', { token_id: `t${at}`, expires_at: time.now / 1000 + 60 });
    }

    const { revoked } = directory as unknown as { readonly revoked: ReadonlyMap<string, number> };
    expect(revoked.size).toBeLessThan(5_000);
    for (const id of [child.tokenId, 't19940', 't19999']) expect(revoked.has(id)).toBe(true);
  });

  it('has every session checked again after a reconnect, once it can answer', async () => {
    const { broker, directory } = await given();
    const readyWhenTold: boolean[] = [];
    directory.onChanged(() => readyWhenTold.push(directory.ready));

    await broker.reconnect();

    expect(readyWhenTold).toEqual([true]);
  });

  it('never says allowed while it cannot ask', async () => {
    const { directory, broker, child } = await given();
    broker.failing = true;

    await expect(directory.authenticateToken(child.token)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'authorization unavailable, try again',
    });
  });

  it('does not trust its cache while changes of it would go unheard', async () => {
    const { directory, broker, child } = await given();
    const principal = await directory.authenticateToken(child.token);

    broker.state = 'disconnected';

    expect(directory.ready).toBe(false);
    await expect(directory.check(principal)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('is not ready before the revocation list is loaded', async () => {
    const { directory, child } = await given((broker) => {
      broker.failing = true;
    });

    expect(directory.ready).toBe(false);
    await expect(directory.authenticateToken(child.token)).rejects.toMatchObject({ code: 'unavailable' });
    await directory.stop();
  });

  it('does not keep an answer that a change overtook', async () => {
    const { directory, broker, child } = await given();
    broker.gate = deferred();
    const asked = directory.authenticateToken(child.token);

    broker.principals.set('child u1', { ...admin, account: { ...account, enabled: false } });
    broker.send('principal_changed', { account_id: 'child' });
    broker.gate.resolve();

    await expect(asked).rejects.toMatchObject({ details: { reason: 'disabled' } });
  });
});
