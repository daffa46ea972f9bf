import { AppError } from '@ringdown/core';
import type { VisitorSession } from '@ringdown/contracts';
import { FakeDirectory } from '../testing/fake-directory';
import { Visitors } from './visitors';

const ACCOUNT = 'a'.repeat(32);

function setUp() {
  const directory = new FakeDirectory();
  directory.addAccount(ACCOUNT);
  const asked: string[] = [];
  const failures = new Map<string, Error>();
  const expiry = { at: Date.now() + 60_000 };
  const visitors = new Visitors(directory, async (token): Promise<VisitorSession> => {
    asked.push(token);
    await new Promise((resolve) => setImmediate(resolve));
    const failure = failures.get(token) ?? failures.get('all');
    if (failure !== undefined) throw failure;
    return {
      account_id: ACCOUNT,
      channel_id: 'site',
      conversation_id: `of ${token}`,
      expires_at: expiry.at,
    };
  });
  return { directory, visitors, asked, failures, expiry };
}

it('is a principal with no rights but to its conversation, for as long as its token', async () => {
  const { visitors, expiry } = setUp();

  const ann = await visitors.authenticate('ann');

  expect(ann).toEqual({
    accountId: ACCOUNT,
    userId: 'of ann',
    keyId: undefined,
    tokenId: undefined,
    expiresAtMs: expiry.at,
    epoch: 0,
    isAdmin: false,
    isSuperAdmin: false,
  });
  expect(visitors.includes(ann)).toBe(true);
  expect(visitors.includes({ ...ann })).toBe(false);
  expect(visitors.sessionOf(ann).conversation_id).toBe('of ann');
});

it('asks once for all visitors of a channel who are checked together, and once for those who come meanwhile', async () => {
  const { visitors, asked } = setUp();
  const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => visitors.authenticate(name)));
  asked.length = 0;

  const reasons = await Promise.all(all.map((visitor) => visitors.check(visitor)));

  expect(reasons).toEqual(all.map(() => undefined));
  expect(asked).toHaveLength(2);
});

it('does not let one lost token speak for the other visitors of its channel', async () => {
  const { visitors, failures } = setUp();
  const all = await Promise.all(['ann', 'bob', 'cid'].map((name) => visitors.authenticate(name)));
  failures.set('ann', new AppError('unauthorized', 'unknown'));
  failures.set('bob', new AppError('unauthorized', 'unknown'));

  const reasons = await Promise.all(all.map((visitor) => visitors.check(visitor)));

  expect(reasons).toEqual(['revoked', 'revoked', undefined]);
});

it.each(['forbidden', 'locked'] as const)(
  'does let one visitor speak for all when the channel is %s',
  async (code) => {
    const { visitors, failures } = setUp();
    const all = await Promise.all(['ann', 'bob'].map((name) => visitors.authenticate(name)));
    failures.set('all', new AppError(code, 'no'));

    expect(await Promise.all(all.map((visitor) => visitors.check(visitor)))).toEqual(['revoked', 'revoked']);
    await expect(visitors.authenticate('cid')).rejects.toMatchObject({ code: 'unauthorized' });
  },
);

it.each([
  ['unavailable', new AppError('unavailable', 'away')],
  ['timeout', new AppError('timeout', 'late')],
  ['a defect', new Error('boom')],
])('knows nothing, and so allows nothing, after %s', async (_what, failure) => {
  const { visitors, failures } = setUp();
  const ann = await visitors.authenticate('ann');
  failures.set('all', failure);
  const unavailable = { code: 'unavailable', message: 'authorization unavailable, try again' };

  await expect(visitors.check(ann)).rejects.toMatchObject(unavailable);
  await expect(visitors.authenticate('bob')).rejects.toMatchObject(unavailable);
});

it('is judged by its account before anybody else is asked', async () => {
  const { directory, visitors, asked } = setUp();
  const ann = await visitors.authenticate('ann');
  asked.length = 0;

  directory.disableAccount(ACCOUNT);
  expect(await visitors.check(ann)).toBe('disabled');
  directory.removeAccount(ACCOUNT);
  expect(await visitors.check(ann)).toBe('deleted');
  directory.unavailable = true;
  await expect(visitors.check(ann)).rejects.toMatchObject({ code: 'unavailable' });
  expect(asked).toEqual([]);
});

it('has expired when its time is over, without a question', async () => {
  const { visitors, asked, expiry } = setUp();
  expiry.at = Date.now() - 1;
  const ann = await visitors.authenticate('ann');
  asked.length = 0;

  expect(await visitors.check(ann)).toBe('expired');
  expect(asked).toEqual([]);
});
