import type { ListChannelsRequest, ListChannelsResult } from '@ringdown/contracts';
import { AppError, silentLogger } from '@ringdown/core';
import { liveChannel } from '../testing/fake-source';
import { knownChannels } from './known-channels';

describe('what the registry believed', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  const ask = (
    answer: (request: ListChannelsRequest) => Promise<ListChannelsResult>,
    signal = new AbortController().signal,
  ): ReturnType<typeof knownChannels> =>
    knownChannels(
      { request: (_operation, payload) => answer(payload as ListChannelsRequest) as never },
      'sw',
      {
        logger: silentLogger,
        clock: Date.now,
        signal,
      },
    );

  it('is read page by page', async () => {
    const asked: ListChannelsRequest[] = [];
    const answer = ask((request) => {
      asked.push(request);
      return Promise.resolve(
        request.after === undefined
          ? { channels: [liveChannel('a'), liveChannel('b')], offset: 1, next: 'b' }
          : { channels: [liveChannel('b'), liveChannel('c')], offset: 2 },
      );
    });
    await jest.advanceTimersByTimeAsync(1_000);
    const channels = await answer;
    expect(channels.map(({ call_id: id }) => id)).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual([{ switch: 'sw' }, { switch: 'sw', after: 'b' }]);
  });

  it('is asked for again while nobody answers', async () => {
    let failures = 3;
    const channels = ask(() =>
      failures-- > 0
        ? Promise.reject(new AppError('unavailable', 'nobody serves channels'))
        : Promise.resolve({ channels: [liveChannel('a')], offset: 1 }),
    );
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await channels).toHaveLength(1);
  });

  it('is nothing when nobody answers for ten seconds', async () => {
    let settled = false;
    const channels = ask(() => Promise.reject(new AppError('unavailable', 'nobody'))).finally(
      () => (settled = true),
    );
    await jest.advanceTimersByTimeAsync(8_000);
    expect(settled).toBe(false);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await channels).toEqual([]);
  });

  it('is not waited for when the switch is lost meanwhile', async () => {
    const ended = new AbortController();
    const channels = ask(() => Promise.reject(new AppError('unavailable', 'nobody')), ended.signal);
    await jest.advanceTimersByTimeAsync(10);
    ended.abort();
    expect(await channels).toEqual([]);
  });
});
