import { AppError, silentLogger } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { Schema } from './schema';

const away = () => new AppError('unavailable', 'the database is not available');

describe('the schema', () => {
  it('is prepared again until the database answers, and ready then', async () => {
    let attempts = 0;
    const schema = new Schema(() => {
      attempts += 1;
      return attempts < 3 ? Promise.reject(away()) : Promise.resolve();
    }, silentLogger);

    const starting = schema.start();
    expect(schema.ready).toBe(false);
    await starting;

    expect(attempts).toBe(3);
    expect(schema.ready).toBe(true);
  });

  it('fails with what waiting cannot mend', async () => {
    const schema = new Schema(() => Promise.reject(new AppError('bad_request', 'too old')), silentLogger);

    await expect(schema.start()).rejects.toMatchObject({ message: 'too old' });
    expect(schema.ready).toBe(false);
  });

  it('stops while it waits, for the database or for a lock', async () => {
    let aborted = 0;
    const waiting = new Schema(() => Promise.reject(away()), silentLogger);
    const locked = new Schema(
      (signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            aborted += 1;
            reject(new AppError('closed', 'stopped'));
          }),
        ),
      silentLogger,
    );
    const starting = [waiting.start(), locked.start()];
    await waiting.stop();
    await locked.stop();
    await Promise.all(starting);

    await waitUntil(() => aborted === 1);
    expect([waiting.ready, locked.ready]).toEqual([false, false]);
  });
});
