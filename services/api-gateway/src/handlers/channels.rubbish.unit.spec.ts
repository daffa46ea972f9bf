import { getDocument } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { CallBodies } from '../testing/call-bodies';
import { CALL_ID, channelOf, serveChannels, serveConferences, SWITCH } from '../testing/fake-calls';
import { PARENT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';
import { SeededRandom } from '../testing/seeded-random';

/** Any failure names its body; the seed makes the same run again. */
const SEED = 20_261_121;
const REQUESTS = 800;
const MAX_BODY_BYTES = 4_096;

describe('rubbish sent as commands', () => {
  let fixture: GatewayFixture;

  beforeAll(async () => {
    fixture = await GatewayFixture.start({ apiBodyMaxBytes: MAX_BODY_BYTES });
    await serveChannels(fixture, [channelOf()]);
    await serveConferences(fixture, [
      { conference_id: 'room', switch: SWITCH, locked: false, participants: [] },
    ]);
    fixture.answer(getDocument, ({ id }) => {
      if (id !== 'flow') throw new AppError('not_found', 'no such callflow');
      return { doc: { id, numbers: ['2600'] }, revision: 1 };
    });
    const room = `/v2/accounts/${PARENT}/conferences/room`;
    while ((await fixture.call('GET', room, { token: 'admin' })).status === 503) continue;
  });

  afterAll(() => fixture.stop());

  it(`${REQUESTS} times gets documented answers only`, async () => {
    const random = new SeededRandom(SEED);
    const bodies = new CallBodies(random);
    const ids = [CALL_ID, CALL_ID, CALL_ID, 'a.b c@☎', '%', '__proto__', 'x'.repeat(600), '\0'];
    const statuses = new Map<number, number>();
    const wrong: string[] = [];
    let left = REQUESTS;
    const worker = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        const method = random.pick(['POST', 'PUT', 'PUT']);
        const at =
          random.below(5) === 0 ? 'conferences/room' : `channels/${encodeURIComponent(random.pick(ids))}`;
        const text = JSON.stringify(bodies.body());
        const cut = random.below(30) === 0 ? text.slice(0, random.below(text.length)) : text;
        const body = random.below(30) === 0 ? cut + ' '.repeat(MAX_BODY_BYTES) : cut;
        const { status, envelope } = await fixture.call(method, `/v2/accounts/${PARENT}/${at}`, {
          token: 'admin',
          body,
          headers: { 'content-type': 'application/json' },
        });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        const isDocumented = [202, 400, 404, 405, 413, 501].includes(status);
        const isEnvelope = 'data' in envelope && 'request_id' in envelope && 'status' in envelope;
        // A command the gateway lets through and its peer refuses would name the members of the request between them.
        const isInternal = JSON.stringify(envelope['data'] ?? '').includes('flow.command');
        if (!isDocumented || !isEnvelope || isInternal) wrong.push(`${method} ${at} ${status} <- ${body}`);
      }
    };

    await Promise.all(Array.from({ length: 8 }, worker));

    expect(wrong).toEqual([]);
    // The generator must get everywhere, or this proves nothing.
    expect([...statuses.keys()].sort()).toEqual([202, 400, 404, 405, 413, 501]);
  }, 60_000);
});
