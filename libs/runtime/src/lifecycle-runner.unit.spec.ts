import { deferred, silentLogger } from '@ringdown/core';
import { LifecycleRunner } from './lifecycle-runner';
import type { Component } from './service-module';

function setUp(overrides: Partial<Record<string, Partial<Component>>> = {}, stopTimeoutMs = 60_000) {
  const calls: string[] = [];
  const component = (name: string): Component => ({
    name,
    start: () => Promise.resolve(void calls.push(`start ${name}`)),
    stop: () => Promise.resolve(void calls.push(`stop ${name}`)),
    ...overrides[name],
  });
  const runner = new LifecycleRunner({
    components: [component('a'), component('b'), component('c')],
    beginDrain: () => calls.push('drain'),
    logger: silentLogger,
    stopTimeoutMs,
  });
  return { calls, runner };
}

describe('LifecycleRunner', () => {
  it('starts in order, drains first on stop, and stops in reverse', async () => {
    const { calls, runner } = setUp();

    await runner.start();
    await runner.stop();

    expect(calls).toEqual(['start a', 'start b', 'start c', 'drain', 'stop c', 'stop b', 'stop a']);
  });

  it('does everything once, however often it is asked', async () => {
    const { calls, runner } = setUp();

    await Promise.all([runner.start(), runner.start()]);
    await Promise.all([runner.stop(), runner.stop()]);

    expect(calls).toHaveLength(7);
  });

  it('stops what was begun when a start fails, and rejects with the failure', async () => {
    const { calls, runner } = setUp({ b: { start: () => Promise.reject(new Error('port taken')) } });

    await expect(runner.start()).rejects.toThrow('port taken');

    expect(calls).toEqual(['start a', 'drain', 'stop b', 'stop a']);
  });

  it('goes on stopping when one part fails to', async () => {
    const { calls, runner } = setUp({ b: { stop: () => Promise.reject(new Error('stuck')) } });

    await runner.start();
    await runner.stop();

    expect(calls.slice(-2)).toEqual(['stop c', 'stop a']);
  });

  it('gives up at the deadline', async () => {
    const { calls, runner } = setUp({ b: { stop: () => new Promise(() => undefined) } }, 1);

    await runner.start();

    await expect(runner.stop()).rejects.toMatchObject({ code: 'timeout' });
    expect(calls).not.toContain('stop a');
  });

  it('stops a part that is still starting and starts nothing more', async () => {
    const waiting = deferred();
    const { calls, runner } = setUp({
      b: {
        start: () => waiting.promise,
        stop: () => Promise.resolve(waiting.reject(new Error('called off'))),
      },
    });

    const started = runner.start();
    await Promise.resolve();
    await Promise.resolve();
    await runner.stop();
    await started;

    expect(calls).toEqual(['start a', 'drain', 'stop a']);
  });

  it('has nothing to stop when it was never started', async () => {
    const { calls, runner } = setUp();

    await runner.stop();
    await runner.start();

    expect(calls).toEqual(['drain']);
  });
});
