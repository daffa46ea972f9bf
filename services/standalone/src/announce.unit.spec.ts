import type { Readiness } from '@ringdown/runtime';
import { announce, type AnnounceOptions } from './announce';

const facts: AnnounceOptions['facts'] = {
  host: '127.0.0.1',
  apiPort: 8000,
  wsPort: 5555,
  broker: 'embedded',
  database: 'embedded',
  calls: 'none',
  chats: 'none',
  accountName: 'demo',
  accountId: 'a'.repeat(32),
  username: 'admin',
  password: 'a password',
  passwordSource: '/data/bootstrap-password',
  usualPasswordSource: '/data/bootstrap-password',
};

describe('the announcement of a start', () => {
  let fault: string;
  let printed: string[];
  let stopping: AbortController;

  beforeEach(() => {
    jest.useFakeTimers();
    fault = 'ok';
    printed = [];
    stopping = new AbortController();
  });

  afterEach(() => {
    stopping.abort();
    jest.useRealTimers();
  });

  const readiness = (): Readiness => ({
    ready: fault === 'ok',
    checks: { 'blackhole broker': 'ok', 'call-producer switch': fault },
  });
  const announced = (): Promise<void> =>
    announce({
      readiness,
      facts,
      write: (text) => printed.push(text),
      stopping: stopping.signal,
      patienceMs: 1_000,
    });

  it('is made at once when the system is ready', async () => {
    await announced();

    expect(printed).toEqual([expect.stringContaining('Ringdown is ready.\n') as string]);
  });

  it('waits a little for a system that is about to be ready', async () => {
    fault = 'the switch is being taken over';
    const announcement = announced();
    await jest.advanceTimersByTimeAsync(700);
    expect(printed).toEqual([]);

    fault = 'ok';
    await jest.advanceTimersByTimeAsync(200);
    await announcement;

    expect(printed).toEqual([expect.stringContaining('Ringdown is ready.\n') as string]);
  });

  it('tells what is missing when that takes too long, and the good news as soon as there are any', async () => {
    fault = 'no connection to the switch';
    const announcement = announced();
    await jest.advanceTimersByTimeAsync(1_100);
    await announcement;
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain('call-producer switch: no connection to the switch\n');
    expect(printed[0]).not.toContain('blackhole broker');
    expect(printed[0]).not.toContain('Ringdown is ready.');

    await jest.advanceTimersByTimeAsync(60_000);
    expect(printed).toHaveLength(1);
    fault = 'ok';
    await jest.advanceTimersByTimeAsync(60_000);

    expect(printed.slice(1)).toEqual(['\nRingdown is ready.\n']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it.each([
    ['before it is made', 500, 0],
    ['while good news are waited for', 5_000, 1],
  ])('is not made any more when the system stops %s', async (_when, afterMs, lines) => {
    fault = 'gone';
    const announcement = announced();
    await jest.advanceTimersByTimeAsync(afterMs);
    stopping.abort();
    fault = 'ok';
    await jest.advanceTimersByTimeAsync(5_000);
    await announcement;

    expect(printed).toHaveLength(lines);
    expect(printed.join('')).not.toContain('Ringdown is ready.');
    expect(jest.getTimerCount()).toBe(0);
  });
});
