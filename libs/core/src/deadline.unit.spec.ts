import { pause, withDeadline } from './deadline';
import { deferred } from './deferred';

describe('a deadline', () => {
  it('passes on what came in time', async () => {
    await expect(withDeadline(Promise.resolve(7), 1_000, 'counting')).resolves.toBe(7);
    await expect(withDeadline(Promise.reject(new Error('no')), 1_000, 'counting')).rejects.toThrow('no');
  });

  it('names what was late', async () => {
    await expect(withDeadline(deferred().promise, 1, 'waiting for Godot')).rejects.toMatchObject({
      code: 'timeout',
      message: 'waiting for Godot took longer than 1 ms',
    });
  });

  it('swallows a failure that comes after it', async () => {
    const late = deferred();

    await expect(withDeadline(late.promise, 1, 'work')).rejects.toMatchObject({ code: 'timeout' });
    late.reject(new Error('too late to matter'));

    await expect(pause(0)).resolves.toBeUndefined();
  });
});

describe('a pause', () => {
  it('ends at once when it is aborted, before or meanwhile', async () => {
    const abort = new AbortController();
    const paused = pause(60_000, abort.signal);

    abort.abort();

    await expect(paused).resolves.toBeUndefined();
    await expect(pause(60_000, abort.signal)).resolves.toBeUndefined();
  });
});
