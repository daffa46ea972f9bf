import Joi from 'joi';
import { AppError, pause } from '@ringdown/core';
import { defineOperation } from '@ringdown/contracts';
import { handle, type Broker } from '../broker';
import { createEmbeddedHub } from '../embedded/embedded-hub';
import type { BrokerObserver, BrokerVitals } from '../observer';

const work = defineOperation<{ n: number }, { n: number }>(
  'server',
  'work',
  Joi.object({ n: Joi.number().required() }),
);

/** Remembers everything but times, which only have to be some. */
class Recorder implements BrokerObserver {
  readonly told: unknown[][] = [];
  vitals: BrokerVitals | undefined;

  watch(vitals: BrokerVitals): void {
    this.vitals = vitals;
  }
  disconnected(): void {
    this.told.push(['disconnected']);
  }
  published(exchange: string, outcome: string, elapsedMs: number): void {
    this.told.push(['published', exchange, outcome]);
    expect(elapsedMs).toBeGreaterThanOrEqual(0);
  }
  asked(service: string, operation: string, outcome: string, elapsedMs: number): void {
    this.told.push(['asked', service, operation, outcome]);
    expect(elapsedMs).toBeGreaterThanOrEqual(0);
  }
  answered(operation: string, outcome: string, elapsedMs: number): void {
    this.told.push(['answered', operation, outcome]);
    expect(elapsedMs).toBeGreaterThanOrEqual(0);
  }
  dropped(reason: string): void {
    this.told.push(['dropped', reason]);
  }
}

describe('the observer of a broker', () => {
  const hub = createEmbeddedHub();
  let server: Broker;
  let client: Broker;
  let atServer: Recorder;
  let atClient: Recorder;

  beforeEach(async () => {
    atServer = new Recorder();
    atClient = new Recorder();
    server = hub.connect({ service: 'server', observer: atServer });
    client = hub.connect({ service: 'client', observer: atClient });
    await Promise.all([server.start(), client.start()]);
  });

  afterEach(() => Promise.all([server.stop(), client.stop()]));

  it('learns of both sides of a request what became of it', async () => {
    await server.serve([
      handle(work, async ({ n }) => {
        if (n < 0) throw new AppError('conflict', 'no');
        return { n };
      }),
    ]);

    await client.request(work, { n: 1 });
    await expect(client.request(work, { n: -1 })).rejects.toMatchObject({ code: 'conflict' });

    expect(atClient.told).toEqual([
      ['asked', 'server', 'work', 'ok'],
      ['asked', 'server', 'work', 'conflict'],
    ]);
    expect(atServer.told).toEqual([
      ['answered', 'work', 'ok'],
      ['answered', 'work', 'conflict'],
    ]);
  });

  it('learns of an answer that did not come in time, and of one that nobody could give', async () => {
    await server.serve([handle(work, ({ n }) => pause(200).then(() => ({ n })))]);
    const slow = client.request(work, { n: 1 }, { timeoutMs: 10 });
    expect(atClient.vitals?.pendingRequests).toBe(1);

    await expect(slow).rejects.toMatchObject({ code: 'timeout' });
    await expect(client.requestTo('nobody', work, { n: 1 })).rejects.toMatchObject({ code: 'unavailable' });

    expect(atClient.told).toEqual([
      ['asked', 'server', 'work', 'timeout'],
      ['asked', 'server', 'work', 'unavailable'],
    ]);
    expect(atClient.vitals?.pendingRequests).toBe(0);
  });

  it('does not learn names that a stranger made up', async () => {
    await server.serve([handle(work, ({ n }) => Promise.resolve({ n }))]);
    const invented = defineOperation<null, null>('server', 'invented', Joi.any());
    await expect(client.request(invented, null)).rejects.toMatchObject({ code: 'not_implemented' });

    const message = { routingKey: 'a.b', body: Buffer.from('{}') };
    await expect(client.publish({ ...message, exchange: 'made-up' })).rejects.toMatchObject({
      code: 'not_found',
    });
    await client.publish({ ...message, exchange: 'call' });
    await client.publish({ ...message, exchange: 'control' }, { mandatory: true });
    await client.announce('principal_changed', { account_id: 'a' });

    expect(atServer.told).toEqual([['answered', 'unknown', 'not_implemented']]);
    expect(atClient.told.slice(1)).toEqual([
      ['published', 'other', 'not_found'],
      ['published', 'call', 'confirmed'],
      ['published', 'control', 'unroutable'],
      ['published', 'control', 'confirmed'],
    ]);
  });

  it('can look at the state of things', async () => {
    expect(atClient.vitals?.status().state).toBe('ready');
    expect(atClient.vitals?.connected()).toBe(true);
    expect(atClient.vitals?.unconfirmed()).toEqual({ messages: 0, bytes: 0 });

    await client.stop();

    expect(atClient.vitals?.connected()).toBe(false);
  });
});
