import type { CallCommand, CallFlow } from '@ringdown/contracts';
import { AppError, silentLogger } from '@ringdown/core';
import { DIGIT_WAIT_MS, FlowRunner } from './flow-runner';

const record: CallCommand = { name: 'record_call', action: 'start' };
const hangup: CallCommand = { name: 'hangup' };
const park: CallCommand = { name: 'park' };

describe('the flow runner', () => {
  let done: string[];
  let failing: string | undefined;
  let listeners: { readonly callId: string; readonly settle: (digit: string | undefined) => void }[];
  let signals: Set<AbortSignal>;
  let runner: FlowRunner;

  beforeEach(() => {
    jest.useFakeTimers();
    done = [];
    failing = undefined;
    listeners = [];
    signals = new Set();
    runner = new FlowRunner(
      {
        execute: (_account, callId, command) => {
          if (command.name === failing) return Promise.reject(new AppError('conflict', 'no'));
          done.push(`${callId} ${command.name}`);
          return Promise.resolve({ status: 'confirmed' });
        },
        nextDigit: (callId, signal) => {
          signals.add(signal);
          return new Promise((resolve) => {
            const listener = {
              callId,
              settle: (digit: string | undefined) => {
                listeners = listeners.filter((it) => it !== listener);
                resolve(digit);
              },
            };
            listeners.push(listener);
            signal.addEventListener('abort', () => listener.settle(undefined));
          });
        },
      },
      silentLogger,
    );
  });

  afterEach(async () => {
    runner.stop();
    await jest.advanceTimersByTimeAsync(0);
    expect(jest.getTimerCount()).toBe(0);
    expect(runner.size).toBe(0);
    jest.useRealTimers();
  });

  const press = async (callId: string, digit: string | undefined): Promise<void> => {
    for (const listener of [...listeners]) if (listener.callId === callId) listener.settle(digit);
    await jest.advanceTimersByTimeAsync(0);
  };
  const run = async (flow: CallFlow, callId = 'c'): Promise<void> => {
    await runner.run('a', callId, flow);
    await jest.advanceTimersByTimeAsync(0);
  };

  it('runs one command and listens for nothing', async () => {
    await run({ command: hangup });
    expect(done).toEqual(['c hangup']);
    expect(listeners).toEqual([]);
  });

  it('follows the digits down the tree; without a child of its own a digit takes the other one', async () => {
    await run({
      command: record,
      children: {
        '1': { command: park, children: { _: { command: hangup } } },
        '2': { command: hangup },
      },
    });
    await press('c', '7');
    expect(done).toEqual(['c record_call']);
    await press('c', '1');
    await press('c', '9');
    expect(done).toEqual(['c record_call', 'c park', 'c hangup']);
    expect(runner.size).toBe(0);
    // Whoever keeps digits for it may let go of them.
    expect([...signals].map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('refuses nothing for names that objects have of their own', async () => {
    await run({ command: record, children: { '1': { command: hangup } } });
    await press('c', 'constructor');
    expect(done).toEqual(['c record_call']);
  });

  it('does not listen when the first command failed', async () => {
    failing = 'record_call';
    await expect(
      runner.run('a', 'c', { command: record, children: { _: { command: hangup } } }),
    ).rejects.toMatchObject({ code: 'conflict' });
    expect(listeners).toEqual([]);
  });

  it('ends with a step that fails', async () => {
    failing = 'park';
    await run({ command: record, children: { _: { command: park, children: { _: { command: hangup } } } } });
    await press('c', '1');
    await press('c', '1');
    expect(done).toEqual(['c record_call']);
  });

  it('does not wait longer for a digit because of others that mean nothing', async () => {
    await run({ command: record, children: { '1': { command: hangup } } });
    for (let minute = 0; minute < 9; minute += 1) {
      await jest.advanceTimersByTimeAsync(60_000);
      await press('c', '5');
    }
    expect(runner.size).toBe(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(runner.size).toBe(0);
  });

  it('ends with the call, after ten minutes, and when another flow takes its place', async () => {
    const flow: CallFlow = { command: record, children: { _: { command: hangup } } };
    await run(flow, 'ended');
    await press('ended', undefined);
    await run(flow, 'long');
    await jest.advanceTimersByTimeAsync(DIGIT_WAIT_MS - 1);
    expect(runner.size).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(runner.size).toBe(0);

    await run(flow, 'two');
    await run({ command: record, children: { _: { command: park } } }, 'two');
    await run({ command: record }, 'two');
    await press('two', '1');
    expect(done.at(-1)).toBe('two park');
    expect(done.filter((it) => it.endsWith('hangup'))).toEqual([]);
  });
});
