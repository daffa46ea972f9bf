import { waitUntil } from './wait-until';

describe('waitUntil', () => {
  it('resolves with the first useful value, also a falsy one that is not false', async () => {
    const answers = [undefined, null, false, 0];

    await expect(waitUntil(() => answers.shift(), { intervalMs: 1 })).resolves.toBe(0);
  });

  it('looks again after a look that threw', async () => {
    let looks = 0;
    const look = (): string => {
      if (++looks < 3) throw new Error('not yet');
      return 'there';
    };

    await expect(waitUntil(look, { intervalMs: 1 })).resolves.toBe('there');
  });

  it('says what it waited for and why the last look failed', async () => {
    const look = (): never => {
      throw new Error('connection refused');
    };

    await expect(waitUntil(look, { timeoutMs: 5, intervalMs: 1, what: 'the broker' })).rejects.toThrow(
      'waited 5 ms in vain for the broker; the last look failed: connection refused',
    );
  });

  it('asks for the description at the deadline, when it knows the last state', async () => {
    let looks = 0;
    const options = {
      timeoutMs: 5,
      intervalMs: 1,
      what: () => `a miracle after ${looks > 0 ? 'some' : 'no'} looks`,
    };

    await expect(waitUntil(() => ++looks < 0, options)).rejects.toThrow('a miracle after some looks');
  });

  it('shows the condition itself when nobody described it', async () => {
    const list: string[] = [];

    await expect(waitUntil(() => list.length > 2, { timeoutMs: 1 })).rejects.toThrow('list.length > 2');
  });
});
