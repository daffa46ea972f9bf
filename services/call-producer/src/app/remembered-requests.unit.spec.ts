import { RememberedRequests } from './remembered-requests';

describe('remembered requests', () => {
  it('act once and answer a repetition with the first outcome, failed or not', async () => {
    const remembered = new RememberedRequests<string>(() => 0);
    let acted = 0;
    const act = (): Promise<string> => Promise.resolve(`done ${(acted += 1)}`);
    expect(await Promise.all([remembered.once('r', act), remembered.once('r', act)])).toEqual([
      'done 1',
      'done 1',
    ]);
    expect(await remembered.once('other', act)).toBe('done 2');
    const fail = jest.fn(() => Promise.reject(new Error('no')));
    await expect(remembered.once('f', fail)).rejects.toThrow('no');
    await expect(remembered.once('f', fail)).rejects.toThrow('no');
    expect(fail).toHaveBeenCalledTimes(1);
  });

  it('are forgotten after a while, and when there are too many', async () => {
    let now = 0;
    const remembered = new RememberedRequests<number>(() => now);
    const count = async (id: string): Promise<number> => remembered.once(id, () => Promise.resolve(now));
    expect(await count('r')).toBe(0);
    now = 119_000;
    expect(await count('r')).toBe(0);
    now = 121_000;
    expect(await count('r')).toBe(121_000);
    now = 121_001;
    for (let index = 0; index < 10_001; index += 1) await count(`other-${index}`);
    expect(await count('r')).toBe(121_001);
  });

  it('do not remember what could not even be tried', async () => {
    const remembered = new RememberedRequests<string>(() => 0);
    expect(() =>
      remembered.once('r', () => {
        throw new Error('not here');
      }),
    ).toThrow('not here');
    expect(await remembered.once('r', () => Promise.resolve('done'))).toBe('done');
  });
});
