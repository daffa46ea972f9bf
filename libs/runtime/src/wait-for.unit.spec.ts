import { AppError, silentLogger } from '@ringdown/core';
import { waitFor } from './wait-for';

const backoff = { initialMs: 0, maxMs: 0 };
const never = new AbortController().signal;

describe('waitFor', () => {
  it('tries until it succeeds and says so', async () => {
    const lines: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (text: string) => void lines.push(text),
      info: (text: string) => void lines.push(text),
    };
    let failures = 3;
    const attempt = () => (failures-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve());

    await waitFor({ what: 'it', attempt, logger, signal: never, backoff });

    expect(lines).toEqual(['waiting for it', 'waiting for it', 'waiting for it', 'it is there']);
  });

  it('says nothing when it is there at once', async () => {
    const warn = jest.fn();
    const logger = { ...silentLogger, warn, info: warn };

    await waitFor({ what: 'it', attempt: () => Promise.resolve(), logger, signal: never, backoff });

    expect(warn).not.toHaveBeenCalled();
  });

  it('ends at an error that waiting would not cure', async () => {
    const attempt = jest.fn(() => Promise.reject(new AppError('internal', 'too old')));

    const waiting = waitFor({ what: 'it', attempt, logger: silentLogger, signal: never, backoff });

    await expect(waiting).rejects.toThrow('too old');
    expect(attempt).toHaveBeenCalledTimes(1);
  });

  it('ends when it is called off', async () => {
    const stop = new AbortController();
    const attempt = () => {
      stop.abort();
      return Promise.reject(new Error('no'));
    };

    const waiting = waitFor({
      what: 'it',
      attempt,
      logger: silentLogger,
      signal: stop.signal,
      backoff: { initialMs: 60_000, maxMs: 60_000 },
    });

    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
  });
});
