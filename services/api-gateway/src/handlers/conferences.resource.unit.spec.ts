import { commandConference, findConference, type WireMessage } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { serveConferences, SWITCH } from '../testing/fake-calls';
import { PARENT, STRANGER } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const CONFERENCE = 'team.room 1';
const path = `/v2/accounts/${PARENT}/conferences/${encodeURIComponent(CONFERENCE)}`;
const participants = [{ participant_id: 1, call_id: 'a', muted: false }];

let fixture: GatewayFixture;
const published: WireMessage[] = [];

beforeEach(async () => {
  published.length = 0;
  fixture = await GatewayFixture.start();
});

afterEach(() => fixture.stop());

const put = (body: unknown, at = path, token = 'admin'): Promise<Answered> =>
  fixture.call('PUT', at, {
    token,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

describe('a conference', () => {
  let close: () => Promise<void>;

  beforeEach(async () => {
    const listener = fixture.hub.connect({ service: 'spec' });
    await listener.start();
    const feed = await listener.openFeed(
      { name: 'conference', maxLength: 1000 },
      { onMessage: (message) => void published.push(message), onGap: () => undefined },
    );
    await feed.bind('conference', '#');
    close = () => listener.stop();
    await serveConferences(fixture, [
      { conference_id: CONFERENCE, switch: SWITCH, locked: false, participants },
    ]);
    // Instances hear of each other in their own time.
    while ((await fixture.call('GET', path, { token: 'admin' })).status === 503) continue;
    fixture.asked.length = 0;
  });

  afterEach(() => close());

  async function received(): Promise<WireMessage> {
    while (published.length === 0) await new Promise((resolve) => setImmediate(resolve));
    return published.shift()!;
  }

  it('is shown with who is in it, without its switch', async () => {
    const { status, envelope } = await fixture.call('GET', path, { token: 'user' });

    expect(status).toBe(200);
    expect(envelope['data']).toEqual({ id: CONFERENCE, locked: false, participants });
  });

  it.each<[string, unknown, object, object]>([
    ['kick', { participant_id: 1 }, { participant_id: 1 }, { application_name: 'kick', participant_id: 1 }],
    ['kick', {}, {}, { application_name: 'kick' }],
    ['mute', { participant_id: 1 }, { participant_id: 1 }, { application_name: 'mute_participant' }],
    ['unmute', { participant_id: 1 }, { participant_id: 1 }, { application_name: 'unmute_participant' }],
    ['lock', {}, {}, { application_name: 'lock' }],
    ['unlock', {}, {}, { application_name: 'unlock' }],
    ['play', { media_id: 'm' }, { media_id: 'm' }, { application_name: 'play', media_name: 'm' }],
  ])('%s %j is told on the bus and done by the switch', async (action, data, command, body) => {
    const { status, envelope } = await put({ action, data });

    expect(status).toBe(202);
    expect(envelope['data']).toEqual({
      action,
      status: 'confirmed',
      message: `${action} initiated`,
      seen: { event: 'mute-member' },
      ignored: [],
    });
    expect(fixture.lastAsked).toMatchObject({
      operation: commandConference.name,
      payload: { account_id: PARENT, conference_id: CONFERENCE, action, ...command },
    });
    const message = await received();
    expect(message).toMatchObject({
      exchange: 'conference',
      routingKey: 'conference.command.team%2Eroom+1',
      headers: { account_id: PARENT },
    });
    expect(JSON.parse(message.body.toString())).toMatchObject({
      conference_id: CONFERENCE,
      event_category: 'conference',
      event_name: 'command',
      ...body,
    });
  });

  it.each<[string, unknown]>([
    ['with the action inside', { data: { action: 'mute', participant_id: 1 } }],
    ['with data of their own', { data: { action: 'mute', data: { participant_id: 1 } } }],
    ['with both', { action: 'mute', data: { data: { participant_id: 1 } } }],
  ])('commands %s are understood', async (_name, body) => {
    expect((await put(body)).status).toBe(202);
    expect(fixture.lastAsked.payload).toMatchObject({ action: 'mute', participant_id: 1 });
  });

  it('commands that have nothing more to say need no data', async () => {
    expect((await put({ action: 'lock' })).status).toBe(202);
    expect(fixture.lastAsked.payload).toMatchObject({ action: 'lock' });
  });

  it('commands name what nobody acts on', async () => {
    const { envelope } = await put({ action: 'lock', data: { participant_id: 1, colour: 'red' } });

    expect(envelope['data']).toMatchObject({ ignored: ['participant_id', 'colour'] });
  });

  it.each<[unknown, string, string]>([
    [{ action: 'mute', data: { participant_id: '1' } }, 'participant_id', 'type'],
    [{ action: 'mute', data: { participant_id: -1 } }, 'participant_id', 'minimum'],
    [{ action: 'kick', data: { participant_id: 1.5 } }, 'participant_id', 'type'],
    [{ action: 'play', data: {} }, 'media_id', 'required'],
    [{ action: 'play', data: { media_id: 7 } }, 'media_id', 'type'],
    [{ action: 'play' }, 'media_id', 'required'],
    [{ action: 'lock', data: null }, 'data', 'type'],
  ])('commands are checked: %j is refused at %s by %s', async (body, field, rule) => {
    const { status, envelope } = await put(body);

    expect(status).toBe(400);
    expect(envelope['data']).toHaveProperty([field, rule, 'message']);
    expect(published).toEqual([]);
  });

  it.each([[{ action: 'explode', data: {} }], [{ data: {} }], [{ action: 'constructor', data: {} }]])(
    'commands that do not exist are invalid data: %j',
    async (body) => {
      const { status, envelope } = await put(body);

      expect({ status, message: envelope['message'] }).toEqual({ status: 400, message: 'invalid data' });
      expect(fixture.asked.map(({ operation }) => operation)).not.toContain(commandConference.name);
    },
  );

  it.each(['unknown', 'a.b c☎', 'x'.repeat(600), '\0', '%'])(
    'unknown is a bad identifier: %j',
    async (id) => {
      const at = `/v2/accounts/${PARENT}/conferences/${encodeURIComponent(id)}`;
      for (const answer of [
        await fixture.call('GET', at, { token: 'admin' }),
        await put({ action: 'lock', data: {} }, at),
      ]) {
        expect(answer.status).toBe(404);
        expect(answer.envelope).toMatchObject({ message: 'bad identifier', data: [id] });
      }
      expect(published).toEqual([]);
    },
  );

  it('of another account is a bad identifier, its account forbidden', async () => {
    const at = (accountId: string): string =>
      `/v2/accounts/${accountId}/conferences/${encodeURIComponent(CONFERENCE)}`;

    expect((await put({ action: 'lock', data: {} }, at(STRANGER), 'root')).status).toBe(404);
    expect((await put({ action: 'lock', data: {} }, at(STRANGER))).status).toBe(403);
  });

  it('is commanded by administrators only', async () => {
    expect((await put({ action: 'lock', data: {} }, path, 'user')).status).toBe(403);
    expect((await put({ action: 'lock', data: {} }, path, 'api-key')).status).toBe(202);
  });

  it('says why the switch did not', async () => {
    fixture.fail(commandConference, new AppError('not_found', 'no such participant'));
    expect((await put({ action: 'kick', data: { participant_id: 9 } })).status).toBe(404);

    fixture.fail(commandConference, new AppError('unavailable', 'the switch is down'));
    const { status, headers } = await put({ action: 'kick', data: {} });
    expect({ status, retry: headers.get('retry-after') }).toEqual({ status: 503, retry: '1' });
  });

  it('is not said to be unknown while a producer does not answer', async () => {
    fixture.fail(findConference, new AppError('unavailable', 'the switch is down'));

    const { status, envelope } = await fixture.call('GET', path, { token: 'admin' });

    expect(status).toBe(503);
    expect(JSON.stringify(envelope['data'])).toContain(SWITCH);
  });
});

it('is not said to be unknown while no producer runs', async () => {
  expect((await fixture.call('GET', path, { token: 'admin' })).status).toBe(503);
});
