import { getDocument } from '@ringdown/contracts';
import { AppError, deferred } from '@ringdown/core';
import { waitUntil } from '@ringdown/testing';
import { PARENT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

it('counts the requests that have no answer yet, and none any more that has one', async () => {
  const fixture = await GatewayFixture.start();
  const answered = deferred();
  let asked = 0;
  fixture.answer(getDocument, async () => {
    asked += 1;
    await answered.promise;
    throw new AppError('not_found', 'no such document');
  });
  const inFlight = async (): Promise<string | undefined> =>
    /^ringdown_api_requests_in_flight (.*)$/m.exec((await fixture.call('GET', '/metrics')).text)?.[1];
  const get = (): Promise<unknown> =>
    fixture.call('GET', `/v2/accounts/${PARENT}/users/${'a'.repeat(32)}`, { token: 'admin' });

  const both = [get(), get()];
  await waitUntil(() => asked === 2);
  expect(await inFlight()).toBe('2');

  answered.resolve();
  await Promise.all(both);
  await waitUntil(async () => (await inFlight()) === '0');
  await fixture.stop();
});
