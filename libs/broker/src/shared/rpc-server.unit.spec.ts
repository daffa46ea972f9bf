import Joi from 'joi';
import { AppError, deferred, type Deferred, silentLogger } from '@ringdown/core';
import { defineOperation } from '@ringdown/contracts';
import { handle } from '../broker';
import { until } from '../contract/until';
import { decodeReply } from './rpc-codec';
import { RpcServer } from './rpc-server';
import type { IncomingRequest, RequestHandler, Transport } from './transport';

const work = defineOperation<{ n: number }, { n: number }>('svc', 'work', Joi.object({ n: Joi.number() }));
const large = defineOperation<unknown, null>('svc', 'large', Joi.any());

function request(n: number, changes: Partial<IncomingRequest> = {}): IncomingRequest {
  return {
    operation: 'work',
    body: Buffer.from(JSON.stringify({ n })),
    requestId: `r${n}`,
    redelivered: false,
    expirationMs: 1_000,
    headers: {},
    ...changes,
  };
}

describe('the request server', () => {
  let nowMs = 0;
  let deliver: RequestHandler;
  let server: RpcServer;
  let opened = 0;
  let closed = 0;
  let seen: { n: number; deadlineMs: number; release: Deferred }[] = [];

  beforeEach(() => {
    nowMs = 10_000;
    opened = 0;
    closed = 0;
    seen = [];
    const transport: Pick<Transport, 'serveRequests'> = {
      serveRequests: async (_, handler) => {
        opened += 1;
        deliver = handler;
        return { close: async () => void (closed += 1) };
      },
    };
    server = new RpcServer(transport as Transport, 'svc', () => nowMs, silentLogger);
  });

  const blocking = handle(work, async ({ n }, { deadlineMs }) => {
    const release = deferred();
    seen.push({ n, deadlineMs, release });
    await release.promise;
    return { n };
  });

  it('never runs a redelivered request', async () => {
    await server.serve([blocking]);
    expect(await deliver(request(1, { redelivered: true }))).toBeUndefined();
    expect(seen).toEqual([]);
  });

  it('runs no more than allowed at once, and not what expired while it waited', async () => {
    await server.serve([blocking], 2);
    const answers = [1, 2, 3, 4].map((n) => deliver(request(n, { expirationMs: n === 3 ? 100 : 1_000 })));
    await until('two run', () => seen.length === 2);
    nowMs += 500;
    seen[0]!.release.resolve();

    await until('the fourth runs', () => seen.length === 3);
    expect(seen.map((it) => it.n)).toEqual([1, 2, 4]);
    for (const { release } of seen) release.resolve();
    const replies = (await Promise.all(answers)).map((it) => it && decodeReply(it));
    expect(replies).toEqual([{ value: { n: 1 } }, { value: { n: 2 } }, undefined, { value: { n: 4 } }]);
  });

  it.each([
    [undefined, 5_000],
    [7_000, 7_000],
    [1e12, 600_000],
  ])('takes an expiration of %s as %d ms', async (expirationMs, allowedMs) => {
    await server.serve([blocking]);
    const answer = deliver(request(1, { expirationMs }));
    await until('it runs', () => seen.length === 1);
    expect(seen[0]!.deadlineMs).toBe(nowMs + allowedMs);
    seen[0]!.release.resolve();
    await answer;
  });

  it('answers with an error what cannot be sent as JSON', async () => {
    await server.serve([handle(work, async () => ({ n: 1n as unknown as number }))]);
    expect(decodeReply((await deliver(request(1)))!)).toMatchObject({ error: { code: 'internal' } });
  });

  it('answers without the details what fails with details that cannot be sent', async () => {
    const details: Record<string, unknown> = {};
    details['self'] = details;
    await server.serve([
      handle(work, () => Promise.reject(new AppError('conflict', 'taken', { details }))),
      handle(large, () =>
        Promise.reject(new AppError('conflict', 'taken', { details: { text: 'x'.repeat(17 * 2 ** 20) } })),
      ),
    ]);

    const replies = await Promise.all([request(1), request(2, { operation: 'large' })].map(deliver));

    for (const reply of replies) {
      expect(decodeReply(reply!)).toMatchObject({ error: { code: 'conflict', message: 'taken' } });
      expect(reply!.length).toBeLessThan(1_000);
    }
  });

  it('refuses operations of another service, and the same one twice', async () => {
    const foreign = defineOperation<null, null>('other', 'x', Joi.any());
    await expect(server.serve([handle(foreign, async () => null)])).rejects.toMatchObject({
      code: 'bad_request',
    });
    await server.serve([blocking]);
    await expect(server.serve([blocking])).rejects.toMatchObject({ code: 'conflict' });
  });

  it('opens one intake for all, and closes it with the last', async () => {
    const other = defineOperation<null, null>('svc', 'other', Joi.any());
    const one = await server.serve([blocking]);
    const two = await server.serve([handle(other, async () => null)]);
    await one.close();
    expect([opened, closed]).toEqual([1, 0]);
    await two.close();
    expect([opened, closed]).toEqual([1, 1]);
  });
});
