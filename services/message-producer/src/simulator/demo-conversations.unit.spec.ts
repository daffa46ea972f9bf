import type { Broker, ClaimListeners } from '@ringdown/broker';
import { deferred, silentLogger } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { DemoConversations } from './demo-conversations';

function setUp({ claimTakesTime = false } = {}) {
  const told: string[] = [];
  let listeners!: ClaimListeners;
  let performances = 0;
  const curtain = deferred();
  const claimed = deferred();
  const broker: Pick<Broker, 'claim'> = {
    claim: async (name, handlers, given) => {
      told.push(`claim ${name} ${handlers.length}`);
      listeners = given;
      await claimed.promise;
      return { held: false, close: async () => void told.push('given up') };
    },
  };
  const demo = new DemoConversations({
    broker,
    logger: silentLogger,
    performance: () => {
      const number = (performances += 1);
      return {
        start: async () => void told.push(`start ${number}`),
        stop: async () => {
          told.push(`stop ${number}`);
          await curtain.promise;
          told.push(`stopped ${number}`);
        },
      };
    },
  });
  if (!claimTakesTime) claimed.resolve();
  const held = (): void => listeners.onHeld();
  return { demo, told, curtain, claimed, held, lost: () => listeners.onLost('gone') };
}

describe('demo conversations', () => {
  it('are not played without the name', async () => {
    const { demo, told, curtain } = setUp();
    await demo.start();
    curtain.resolve();
    await demo.stop();

    expect(told).toEqual(['claim simulator 0', 'given up']);
  });

  it('begin with the name, end with it, and begin anew only when the end is over', async () => {
    const { demo, told, curtain, held, lost } = setUp();
    await demo.start();
    held();
    lost();
    held();
    await waitUntil(() => told.includes('stop 1'));
    expect(told).not.toContain('start 2');
    curtain.resolve();
    await waitUntil(() => told.includes('start 2'));
    await demo.stop();

    expect(told).toEqual([
      'claim simulator 0',
      'start 1',
      'stop 1',
      'stopped 1',
      'start 2',
      'stop 2',
      'stopped 2',
      'given up',
    ]);
  });

  it('do not begin any more once they are stopped, though the name comes back while the last one ends', async () => {
    const { demo, told, curtain, held, lost } = setUp();
    await demo.start();
    held();
    lost();
    await waitUntil(() => told.includes('stop 1'));
    const stopped = demo.stop();
    held();
    curtain.resolve();
    await stopped;

    expect(told).toEqual(['claim simulator 0', 'start 1', 'stop 1', 'stopped 1', 'given up']);
  });

  it('give up the name they get after they were stopped', async () => {
    const { demo, told, claimed, held } = setUp({ claimTakesTime: true });
    const started = demo.start();
    await demo.stop();
    held();
    claimed.resolve();
    await started;

    expect(told).toEqual(['claim simulator 0', 'given up']);
  });
});
