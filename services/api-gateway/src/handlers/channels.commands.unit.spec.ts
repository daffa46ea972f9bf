import { commandChannel, getChannel, getDocument, type CommandOutcome } from '@ringdown/contracts';
import { AppError, type ErrorCode } from '@ringdown/core';
import { answerCommands, CALL_ID, channelOf, NOW_MS, OTHER_LEG, serveChannels } from '../testing/fake-calls';
import { NOWHERE, PARENT, STRANGER, USER_ID } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;
const path = `${account}/channels/${CALL_ID}`;
const alone = 'alone';
const CALLFLOW_ID = '5'.repeat(32);

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start({ apiBodyMaxBytes: 10_000 }, { clock: () => NOW_MS });
  await serveChannels(fixture, [
    channelOf(),
    channelOf({ call_id: alone, other_leg_call_id: undefined as unknown as string }),
    channelOf({ call_id: 'of another', owner_id: 'another' }),
    channelOf({ call_id: 'foreign', account_id: STRANGER }),
  ]);
});

afterEach(() => fixture.stop());

const post = (data: unknown, at = path, token = 'admin'): Promise<Answered> =>
  fixture.call('POST', at, { token, data });
const lastFlow = (): unknown => {
  expect(fixture.lastAsked.operation).toBe(commandChannel.name);
  return fixture.lastAsked.payload['flow'];
};
const asked = (): string[] => fixture.asked.map(({ operation }) => operation);

describe('a channel', () => {
  it('has the members of Kazoo’s detail', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({}, { clock: () => NOW_MS });
    const channel = channelOf({
      interaction_id: 'talk',
      caller_id_name: 'Ann',
      from: '1001@a.example',
      custom_channel_vars: { 'Account-ID': PARENT, 'Call-Interaction-ID': 'talk' },
    });
    await serveChannels(fixture, [channel]);

    const { status, envelope } = await fixture.call('GET', path, { token: 'user' });

    expect(status).toBe(200);
    expect(envelope['data']).toEqual({
      call_id: CALL_ID,
      call_direction: 'outbound',
      call_interaction_id: 'talk',
      answered: true,
      timestamp: channel.created,
      elapsed_seconds: 42,
      destination: 'user_zu0bf7',
      other_leg_call_id: OTHER_LEG,
      caller_id_name: 'Ann',
      from: '1001@a.example',
      authorizing_id: channel.authorizing_id,
      authorizing_type: 'device',
      owner_id: USER_ID,
      presence_id: 'user_zu0bf7@account.realm.com',
      username: 'user_zu0bf7',
      is_on_hold: false,
      custom_channel_vars: { account_id: PARENT, call_interaction_id: 'talk' },
    });
  });

  it.each([
    'unknown',
    'foreign',
    'with.dots@10.26.0.91',
    'with spaces and +',
    'ünïcödé ☎ 𝟚',
    'percent % %41 %2F',
    'a/b?c#d',
    '../etc',
    'x'.repeat(600),
    'NUL \0',
    '__proto__',
  ])('unknown to the account is a bad identifier: %j', async (id) => {
    const at = `${account}/channels/${encodeURIComponent(id)}`;
    for (const [method, data] of [
      ['GET', undefined],
      ['POST', { action: 'hangup' }],
      ['PUT', { action: 'metaflow', module: 'hangup' }],
    ] as const) {
      const { status, envelope } = await fixture.call(method, at, { token: 'admin', data });

      expect(status).toBe(404);
      expect(envelope).toMatchObject({ error: '404', message: 'bad identifier', status: 'error' });
      expect(envelope['data']).toEqual([id]);
    }
    expect(asked()).not.toContain(commandChannel.name);
  });

  it('is found by an id of dots, spaces, slashes and unicode, which reaches the registry as it is', async () => {
    const id = 'call 1/2.é@10.0.0.1;tag=%41+☎';
    fixture.answer(getChannel, ({ call_id }) => channelOf({ call_id }));
    const at = `${account}/channels/${encodeURIComponent(id)}`;

    const { status, envelope } = await fixture.call('GET', at, { token: 'admin' });
    expect({ status, id: (envelope['data'] as { call_id: string }).call_id }).toEqual({ status: 200, id });

    expect((await post({ action: 'hangup' }, at)).status).toBe(202);
    expect(fixture.lastAsked.payload).toMatchObject({ account_id: PARENT, call_id: id });
  });

  it('with a path that cannot be decoded is a bad request', async () => {
    expect((await fixture.call('GET', `${account}/channels/%zz`, { token: 'admin' })).status).toBe(400);
    expect((await fixture.call('POST', `${account}/channels/%E0%A4`, { token: 'admin' })).status).toBe(400);
  });

  it.each(['PATCH', 'DELETE'])('does not know %s', async (method) => {
    const { status, headers } = await fixture.call(method, path, { token: 'admin', data: {} });

    expect({ status, allow: headers.get('allow') }).toEqual({
      status: 405,
      allow: 'GET, HEAD, POST, PUT, OPTIONS',
    });
  });
});

describe('an action', () => {
  it('confirmed is 202 with what was seen', async () => {
    const seen = { event: 'CHANNEL_DESTROY', call_id: CALL_ID, detail: 'NORMAL_CLEARING' };
    answerCommands(fixture, { status: 'confirmed', seen, ignored: ['elsewhere'] });

    const { status, envelope } = await post({ action: 'hangup' });

    expect(status).toBe(202);
    expect(envelope['data']).toEqual({
      action: 'hangup',
      status: 'confirmed',
      message: 'hangup initiated',
      seen,
      ignored: ['elsewhere'],
    });
    expect(fixture.lastAsked.payload).toEqual({
      account_id: PARENT,
      call_id: CALL_ID,
      flow: { command: { name: 'hangup' } },
    });
  });

  it('that nothing proved is 202, saying so', async () => {
    answerCommands(fixture, { status: 'accepted' });

    const { status, envelope } = await post({ action: 'break' });

    expect(status).toBe(202);
    expect(envelope['data']).toEqual({
      action: 'break',
      status: 'accepted',
      message: 'accepted, not confirmed',
      ignored: [],
    });
  });

  it.each<[object, object, string]>([
    [{ action: 'hangup' }, { name: 'hangup' }, 'hangup initiated'],
    [{ action: 'break' }, { name: 'break' }, 'break initiated'],
    [
      { action: 'transfer', target: '2600' },
      { name: 'transfer', target: '2600', transfer_type: 'blind' },
      'transfer initiated',
    ],
    [
      { action: 'transfer', target: '2600', takeback_dtmf: '*1', moh: 'media_id' },
      { name: 'transfer', target: '2600', transfer_type: 'blind', takeback_dtmf: '*1', moh: 'media_id' },
      'transfer initiated',
    ],
    [
      { action: 'transfer', target: '1', 'transfer-type': 'attended' },
      { name: 'transfer', target: '1', transfer_type: 'attended' },
      'transfer initiated',
    ],
    [
      { action: 'transfer', target: '1', transfer_type: 'attended' },
      { name: 'transfer', target: '1', transfer_type: 'attended' },
      'transfer initiated',
    ],
    [
      { action: 'transfer', target: '1', transfer_type: 'blind', 'transfer-type': 'attended' },
      { name: 'transfer', target: '1', transfer_type: 'attended' },
      'transfer initiated',
    ],
    [
      { action: 'intercept', target_type: 'user', target_id: 'u' },
      {
        name: 'intercept',
        target_type: 'user',
        target_id: 'u',
        unbridged_only: true,
        auto_answer: false,
        can_call_self: true,
      },
      'intercept initiated',
    ],
    [
      { action: 'intercept', target_type: 'number', target_id: '1', unbridged_only: false },
      {
        name: 'intercept',
        target_type: 'number',
        target_id: '1',
        unbridged_only: false,
        auto_answer: false,
        can_call_self: true,
      },
      'intercept initiated',
    ],
    [
      { action: 'move' },
      { name: 'move', auto_answer: false, can_call_self: true, dial_strategy: 'simultaneous' },
      'move initiated',
    ],
    [
      {
        action: 'move',
        device_id: 'd',
        owner_id: 'o',
        auto_answer: true,
        can_call_self: false,
        dial_strategy: 'single',
      },
      {
        name: 'move',
        device_id: 'd',
        owner_id: 'o',
        auto_answer: true,
        can_call_self: false,
        dial_strategy: 'single',
      },
      'move initiated',
    ],
    [{ action: 'start_record' }, { name: 'record_call', action: 'start' }, 'recording started'],
    [
      { action: 'start_record', format: 'wav', time_limit: 60 },
      { name: 'record_call', action: 'start', format: 'wav', time_limit: 60 },
      'recording started',
    ],
    [{ action: 'stop_record' }, { name: 'record_call', action: 'stop' }, 'recording stopped'],
    [{ action: 'play', id: 'm' }, { name: 'play', id: 'm', leg: 'both' }, 'play initiated'],
    [
      { action: 'play', media_id: 'm', leg: 'self' },
      { name: 'play', id: 'm', leg: 'self' },
      'play initiated',
    ],
    [{ action: 'play', data: { media_id: 'm' } }, { name: 'play', id: 'm', leg: 'both' }, 'play initiated'],
    [{ action: 'park' }, { name: 'park' }, 'park initiated'],
    [{ action: 'park', slot: '701' }, { name: 'park', slot: '701' }, 'park initiated'],
    [{ action: 'hold' }, { name: 'hold', unhold_key: '1' }, 'hold initiated'],
    [
      { action: 'hold', moh_aleg: 'a', unhold_key: '#' },
      { name: 'hold', moh_aleg: 'a', unhold_key: '#' },
      'hold initiated',
    ],
    [{ action: 'hold_control' }, { name: 'hold_control', action: 'toggle' }, 'hold_control initiated'],
    [
      { action: 'hold_control', data: { action: 'unhold' } },
      { name: 'hold_control', action: 'unhold' },
      'hold_control initiated',
    ],
    [{ action: 'resume' }, { name: 'resume' }, 'resume initiated'],
    [{ action: 'record_call' }, { name: 'record_call', action: 'toggle' }, 'record_call initiated'],
    [
      { action: 'record_call', data: { action: 'mask' } },
      { name: 'record_call', action: 'mask' },
      'record_call initiated',
    ],
  ])('%j becomes the command %j', async (data, command, message) => {
    const { status, envelope } = await post(data);

    expect(status).toBe(202);
    expect(envelope['data']).toMatchObject({
      action: (data as { action: string }).action,
      message,
      ignored: [],
    });
    expect(lastFlow()).toEqual({ command });
  });

  it.each<[object, object]>([
    [{ action: 'hangup', data: {} }, { name: 'hangup' }],
    [
      { action: 'transfer', data: { target: '1' } },
      { name: 'transfer', target: '1', transfer_type: 'blind' },
    ],
    [
      { action: 'hold_control', data: { action: 'hold' } },
      { name: 'hold_control', action: 'hold' },
    ],
  ])('may be named beside its data: %j', async (body, command) => {
    const { status } = await fixture.call('POST', path, {
      token: 'admin',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });

    expect(status).toBe(202);
    expect(lastFlow()).toEqual({ command });
  });

  it('names the members nobody acts on', async () => {
    const transfer = await post({
      action: 'transfer',
      target: '1',
      timeout: 5,
      captures: ['x'],
      colour: 'red',
    });
    const park = await post({ action: 'park', data: { slot: '1', shade: 'deep' }, slot: '2' });
    const move = await post({ action: 'move', timeout: 20 });

    expect(transfer.envelope['data']).toMatchObject({ ignored: ['timeout', 'captures', 'colour'] });
    expect(park.envelope['data']).toMatchObject({ ignored: ['data.shade', 'slot'] });
    expect(move.envelope['data']).toMatchObject({ ignored: ['timeout'] });
  });

  it.each<[string, unknown]>([
    ['an unknown name', { action: 'explode', when: 'now' }],
    ['no name', { target: '2600' }],
    ['a name that is none', { action: 7 }],
    ['a name of JavaScript', { action: 'constructor' }],
    ['the name of a metaflow', { action: 'metaflow', module: 'hangup' }],
  ])('with %s is invalid data, given back', async (_name, data) => {
    const { status, envelope } = await post(data);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ error: '400', message: 'invalid data' });
    expect(envelope['data']).toEqual(data);
    expect(asked()).not.toContain(commandChannel.name);
  });

  it('gives back only the name of large invalid data', async () => {
    const { envelope } = await post({ action: `x${'y'.repeat(5_000)}`, more: 'z' });

    expect(envelope['data']).toEqual({ action: `x${'y'.repeat(199)}` });
  });

  it('transfer needs a bridge, before it needs a target', async () => {
    const { status, envelope } = await post({ action: 'transfer' }, `${account}/channels/${alone}`);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ message: 'validation error' });
    expect(envelope['data']).toEqual({
      other_leg_call_id: { required: { message: 'Channel is not bridged' } },
    });
  });

  it.each<[object, object]>([
    [{ action: 'transfer' }, { target: { required: { message: 'No target destination specified' } } }],
    [
      { action: 'intercept' },
      {
        target_type: { required: { message: 'No target type specified' } },
        target_id: { required: { message: 'No target id specified' } },
      },
    ],
    [
      { action: 'intercept', target_type: 'user' },
      { target_id: { required: { message: 'No target id specified' } } },
    ],
    [{ action: 'callflow' }, { id: { required: { message: 'No callflow id specified' } } }],
    [{ action: 'play' }, { id: { required: { message: 'No media id specified' } } }],
    [{ action: 'play', data: {} }, { 'data.id': { required: { message: 'No media id specified' } } }],
  ])('%j says what is missing', async (data, faults) => {
    const { status, envelope } = await post(data);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ message: 'validation error', data: faults });
    expect(Object.keys(envelope['data'] as object)).toEqual(Object.keys(faults));
  });

  it.each<[object, string, string]>([
    [{ action: 'transfer', target: 2600 }, 'target', 'type'],
    [{ action: 'transfer', target: '' }, 'target', 'minLength'],
    [{ action: 'transfer', target: null }, 'target', 'type'],
    [{ action: 'transfer', target: 'x'.repeat(257) }, 'target', 'maxLength'],
    [{ action: 'transfer', target: '1', 'transfer-type': 'sideways' }, 'transfer-type', 'enum'],
    [{ action: 'transfer', target: '1', transfer_type: true }, 'transfer_type', 'type'],
    [{ action: 'transfer', target: '1', moh: ['a'] }, 'moh', 'type'],
    [{ action: 'transfer', target: '1', takeback_dtmf: {} }, 'takeback_dtmf', 'type'],
    [{ action: 'callflow', id: { $ne: 1 } }, 'id', 'type'],
    [{ action: 'callflow', id: 'x'.repeat(129) }, 'id', 'maxLength'],
    [{ action: 'callflow', id: 'x', captures: 1 }, 'captures', 'type'],
    [{ action: 'intercept', target_type: 'moon', target_id: 'x' }, 'target_type', 'enum'],
    [{ action: 'intercept', target_type: 'user', target_id: 1 }, 'target_id', 'type'],
    [
      { action: 'intercept', target_type: 'user', target_id: 'x', unbridged_only: 'yes' },
      'unbridged_only',
      'type',
    ],
    [{ action: 'move', auto_answer: 'no' }, 'auto_answer', 'type'],
    [{ action: 'move', device_id: [] }, 'device_id', 'type'],
    [{ action: 'start_record', time_limit: '60' }, 'time_limit', 'type'],
    [{ action: 'start_record', time_limit: 1 }, 'time_limit', 'minimum'],
    [{ action: 'start_record', format: 'ogg' }, 'format', 'enum'],
    [{ action: 'play', media_id: 7 }, 'media_id', 'type'],
    [{ action: 'play', id: 'm', leg: 'third' }, 'leg', 'enum'],
    [{ action: 'hold_control', data: { action: 'explode' } }, 'data.action', 'enum'],
    [{ action: 'park', slot: 701 }, 'slot', 'type'],
  ])('%j is refused at %s by %s', async (data, field, rule) => {
    const { status, envelope } = await post(data);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ message: 'validation error' });
    expect(envelope['data']).toHaveProperty([field, rule, 'message']);
    if (rule === 'maxLength')
      expect(envelope['data']).toHaveProperty([field, rule, 'target'], field === 'id' ? 128 : 256);
    expect(asked()).not.toContain(commandChannel.name);
  });

  it('callflow enters by the first number of the document', async () => {
    fixture.answer(getDocument, ({ type, id }) => {
      expect({ type, id }).toEqual({ type: 'callflow', id: CALLFLOW_ID });
      return { doc: { id, numbers: ['2600', '+4930'] }, revision: 1 };
    });

    expect((await post({ action: 'callflow', id: CALLFLOW_ID, collected: '12' })).status).toBe(202);

    expect(lastFlow()).toEqual({
      command: { name: 'callflow', id: CALLFLOW_ID, extension: '2600', collected: '12' },
    });
  });

  it.each<[string, unknown, string]>([
    ['unknown', undefined, 'not_found'],
    ['without numbers', {}, 'invalid'],
    ['with an empty list', { numbers: [] }, 'invalid'],
    ['with rubbish', { numbers: [{}] }, 'invalid'],
  ])('callflow %s is refused', async (_name, members, rule) => {
    if (members !== undefined) {
      fixture.answer(getDocument, ({ id }) => ({ doc: { id, ...members }, revision: 1 }));
    }

    const { status, envelope } = await post({ action: 'callflow', id: CALLFLOW_ID });

    expect(status).toBe(400);
    expect(envelope['data']).toHaveProperty(['id', rule, 'message']);
  });

  it('with a huge body is too large', async () => {
    const { status, envelope } = await post({ action: 'transfer', target: 'x'.repeat(20_000) });

    expect(status).toBe(413);
    expect(envelope['message']).toBe('too_large');
  });

  it('may be pasted as curl sends it, without a content type of its own', async () => {
    const { status } = await fixture.call('POST', path, {
      token: 'admin',
      body: '{"data":{"action":"hangup"}}',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });

    expect(status).toBe(202);
  });
});

describe('who may act on a channel', () => {
  const hangup = { action: 'hangup' };
  const metaflow = { action: 'metaflow', module: 'hangup' };

  it.each(['admin', 'api-key', 'root'])('%s may', async (token) => {
    expect((await post(hangup, `${account}/channels/of%20another`, token)).status).toBe(202);
    const put = await fixture.call('PUT', `${account}/channels/of%20another`, { token, data: metaflow });
    expect(put.status).toBe(202);
  });

  it('a plain user may on its own calls', async () => {
    expect((await post(hangup, path, 'user')).status).toBe(202);
    expect((await fixture.call('PUT', path, { token: 'user', data: metaflow })).status).toBe(202);
  });

  it('a plain user may not on others’', async () => {
    for (const method of ['POST', 'PUT']) {
      const at = `${account}/channels/of%20another`;
      const { status, envelope } = await fixture.call(method, at, { token: 'user', data: hangup });
      expect({ status, message: envelope['message'] }).toEqual({ status: 403, message: 'forbidden' });
    }
    expect(asked()).not.toContain(commandChannel.name);
    expect((await post(hangup, `${account}/channels/unknown`, 'user')).status).toBe(404);
  });

  it('a stranger may not, and does not learn what there is', async () => {
    expect((await post(hangup, path, 'child-admin')).status).toBe(403);
    expect((await post(hangup, `/v2/accounts/${STRANGER}/channels/foreign`)).status).toBe(403);
    expect((await post(hangup, `/v2/accounts/${NOWHERE}/channels/x`)).status).toBe(403);
    expect((await fixture.call('POST', path, { data: hangup })).status).toBe(401);
    expect(fixture.asked).toEqual([]);
  });
});

describe('a command that fails', () => {
  it.each<[ErrorCode, number, string, unknown]>([
    [
      'validation_failed',
      400,
      'validation error',
      { target: { not_found: { message: 'no such extension' } } },
    ],
    ['not_found', 404, 'bad identifier', [CALL_ID]],
    ['conflict', 409, 'text', { message: 'text' }],
    ['not_implemented', 501, 'not_implemented', { message: 'text' }],
    ['unavailable', 503, 'service_unavailable', { message: 'text' }],
    ['timeout', 504, 'timeout', { message: 'text' }],
  ])('with %s is %i %s', async (code, status, message, data) => {
    const details = { target: { not_found: { message: 'no such extension' } } };
    fixture.fail(commandChannel, new AppError(code, 'text', { details }));

    const answer = await post({ action: 'transfer', target: '9' });

    expect(answer.status).toBe(status);
    expect(answer.envelope).toMatchObject({ message, error: String(status), data });
    if (status === 503) expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('speaks of what the client wrote, under the name it wrote', async () => {
    const details = { id: { not_found: { message: 'no such media' } } };
    fixture.fail(commandChannel, new AppError('validation_failed', 'no', { details }));

    const flat = await post({ action: 'play', media_id: 'm' });
    const nested = await post({ action: 'play', data: { id: 'm' } });

    expect(flat.envelope['data']).toEqual({ media_id: details.id });
    expect(nested.envelope['data']).toEqual({ 'data.id': details.id });
  });

  it('has been waited for longer than its proof takes, whatever the setting says', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start({ apiRequestTimeoutMs: 2_000 });
    await serveChannels(fixture, [channelOf()]);
    const before = Date.now();

    expect((await post({ action: 'hangup' })).status).toBe(202);

    const [get, command] = fixture.asked.map(({ context }) => context.deadlineMs - before);
    expect(command! - get!).toBeGreaterThanOrEqual(2_400);
  });

  it('before a registry that does not run is 503', async () => {
    await fixture.stop();
    fixture = await GatewayFixture.start();

    expect((await post({ action: 'hangup' })).status).toBe(503);
    expect((await fixture.call('GET', path, { token: 'admin' })).status).toBe(503);
  });
});

describe('the outcome', () => {
  it('lists no member as ignored that the client did not give', async () => {
    answerCommands(fixture, { status: 'confirmed', ignored: ['unhold_key', 'captures'] });

    const silent = await post({ action: 'hold' });
    const explicit = await post({ action: 'hold', unhold_key: '1' });

    expect(silent.envelope['data']).toMatchObject({ ignored: ['captures'] });
    expect(explicit.envelope['data']).toMatchObject({ ignored: ['unhold_key', 'captures'] });
  });

  it('lists at most 50 ignored members, each once', async () => {
    const outcome: CommandOutcome = { status: 'confirmed', ignored: ['a1', 'moh'] };
    answerCommands(fixture, outcome);
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, 1]));

    const { envelope } = await post({ action: 'hangup', ...many });

    const { ignored } = envelope['data'] as { ignored: string[] };
    expect(ignored).toHaveLength(50);
    expect(ignored.slice(0, 4)).toEqual(['a1', 'moh', 'a0', 'a2']);
  });
});
