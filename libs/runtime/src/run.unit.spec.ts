import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { AppError, deferred } from '@ringdown/core';
import { Registry } from 'prom-client';
import { run, type RunOptions } from './run';
import type { Component, ServiceModule } from './service-module';

let dataDir: string;
beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'ringdown-run-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

/** A process that nothing can happen to. */
class FakeProcess extends EventEmitter {
  text = '';
  readonly stdout = new PassThrough().resume();
  readonly exited = deferred<number>();
  readonly stderr = {
    write: (text: string, done: () => void): void => {
      this.text += text;
      done();
    },
  };

  constructor(readonly env: Record<string, string>) {
    super();
  }

  exit(code: number): void {
    this.exited.resolve(code);
  }
}

function moduleOf(component: Partial<Component>, calls: string[] = []): ServiceModule {
  return {
    name: 'x',
    components: [
      {
        name: 'part',
        start: () => Promise.resolve(void calls.push('start')),
        stop: () => Promise.resolve(void calls.push('stop')),
        ...component,
      },
    ],
    readiness: () => ({ ready: true, checks: {} }),
    beginDrain: () => void calls.push('drain'),
    metrics: new Registry(),
  };
}

function launch(
  build: RunOptions['build'],
  { env = {}, ...options }: Partial<RunOptions> & { env?: Record<string, string> } = {},
) {
  const host = new FakeProcess({ RINGDOWN_DATA_DIR: dataDir, RINGDOWN_LOG_LEVEL: 'error', ...env });
  const started = deferred();
  const ended = run({
    name: 'x',
    process: host,
    role: 'system',
    onStarted: () => started.resolve(),
    build,
    ...options,
  });
  return { host, started: started.promise, ended };
}

describe('run', () => {
  it.each(['SIGTERM', 'SIGINT'])('stops cleanly on %s and exits with 0', async (signal) => {
    const calls: string[] = [];
    const { host, started, ended } = launch(() => moduleOf({}, calls));

    await started;
    host.emit(signal);

    await ended;
    expect(await host.exited.promise).toBe(0);
    expect(calls).toEqual(['start', 'drain', 'stop']);
    expect(host.listenerCount(signal)).toBe(0);
  });

  it('tells in one sentence why it could not start and exits with 1', async () => {
    const calls: string[] = [];
    const error = new AppError('conflict', 'Port 8000 is in use: choose another.');
    const { host, ended } = launch(() => moduleOf({ start: () => Promise.reject(error) }, calls));

    await ended;

    expect(await host.exited.promise).toBe(1);
    expect(host.text).toBe('Port 8000 is in use: choose another.\n');
    expect(calls).toEqual(['drain', 'stop']);
  });

  it('names itself when the failure is none of ours, and hides secrets in it', async () => {
    const { host, ended } = launch(() => Promise.reject(new Error('amqp://user:hunter2@host is gone')));

    await ended;

    expect(await host.exited.promise).toBe(1);
    expect(host.text).toContain('x could not start: ');
    expect(host.text).not.toContain('hunter2');
  });

  it('reports bad settings before anything is built', async () => {
    const build = jest.fn();
    const { host, ended } = launch(build, { env: { RINGDOWN_API_PORT: 'x', RINGDOWN_TYPO: 'y' } });

    await ended;

    expect(await host.exited.promise).toBe(1);
    expect(host.text).toContain('RINGDOWN_API_PORT must be');
    expect(host.text).toContain('RINGDOWN_TYPO is not a setting');
    expect(build).not.toHaveBeenCalled();
  });

  it('needs a RabbitMQ for a service alone', async () => {
    const { host, ended } = launch(() => moduleOf({}), { role: 'service' });

    await ended;

    expect(await host.exited.promise).toBe(1);
    expect(host.text).toContain('set RINGDOWN_AMQP_URL');
  });

  it.each(['uncaughtException', 'unhandledRejection'])(
    'stops and exits with 1 after an %s',
    async (event) => {
      const calls: string[] = [];
      const { host, started, ended } = launch(() => moduleOf({}, calls), {
        env: { RINGDOWN_LOG_FORMAT: 'json' },
      });

      await started;
      host.emit(event, new Error('nobody caught this'));

      await ended;
      expect(await host.exited.promise).toBe(1);
      expect(calls).toEqual(['start', 'drain', 'stop']);
    },
  );

  it('exits with 1 when the stop does not end in time', async () => {
    const { host, started, ended } = launch(
      () => moduleOf({ stop: () => new Promise<void>(() => undefined) }),
      { env: { RINGDOWN_SHUTDOWN_TIMEOUT_MS: '100' } },
    );

    await started;
    host.emit('SIGTERM');

    await ended;
    expect(await host.exited.promise).toBe(1);
  });

  it('can be stopped while it still waits for what it depends on', async () => {
    const waiting = deferred();
    const begun = deferred();
    const { host, ended } = launch(() =>
      moduleOf({
        start: () => {
          begun.resolve();
          return waiting.promise;
        },
        stop: () => Promise.resolve(waiting.reject(new AppError('closed', 'called off'))),
      }),
    );

    await begun.promise;
    host.emit('SIGTERM');

    await ended;
    expect(await host.exited.promise).toBe(0);
    expect(host.text).toBe('');
  });

  it('ends at once on a second signal, but takes an echo of the first for what it is', async () => {
    const { host, started, ended } = launch(
      () => moduleOf({ stop: () => new Promise<void>(() => undefined) }),
      { env: { RINGDOWN_SHUTDOWN_TIMEOUT_MS: '1000' } },
    );
    let forced: number | undefined;
    void host.exited.promise.then((code) => (forced = code));
    const now = jest.spyOn(performance, 'now');

    await started;
    now.mockReturnValue(1000);
    host.emit('SIGINT');
    host.emit('SIGINT');
    await Promise.resolve();
    expect(forced).toBeUndefined();
    now.mockReturnValue(2000);
    host.emit('SIGINT');
    now.mockRestore();

    expect(await host.exited.promise).toBe(1);
    await ended;
  });
});
