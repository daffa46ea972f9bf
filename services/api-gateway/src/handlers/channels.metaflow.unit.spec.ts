import { commandChannel, getDocument } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { answerCommands, CALL_ID, channelOf, serveChannels } from '../testing/fake-calls';
import { PARENT } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const path = `/v2/accounts/${PARENT}/channels/${CALL_ID}`;

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
  await serveChannels(fixture, [channelOf()]);
});

afterEach(() => fixture.stop());

const put = (body: unknown): Promise<Answered> =>
  fixture.call('PUT', path, {
    token: 'admin',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
const putNode = (node: unknown): Promise<Answered> => put({ action: 'metaflow', data: node });
const lastFlow = (): unknown => {
  expect(fixture.lastAsked.operation).toBe(commandChannel.name);
  return fixture.lastAsked.payload['flow'];
};
const expectNoCommand = (): void =>
  expect(fixture.asked.map(({ operation }) => operation)).not.toContain(commandChannel.name);
/** A flow of `depth` nodes, one under the other. */
const chain = (depth: number): object =>
  depth === 1 ? { module: 'hangup' } : { module: 'hangup', children: { _: chain(depth - 1) } };

describe('a metaflow', () => {
  it.each<[string, unknown]>([
    ['as the documentation nests it', { action: 'metaflow', data: { data: { module: 'hangup' } } }],
    ['as its schema has it', { action: 'metaflow', data: { module: 'hangup' } }],
    ['with the action inside', { data: { action: 'metaflow', module: 'hangup' } }],
    [
      'with the action inside and a nested node',
      { data: { action: 'metaflow', data: { module: 'hangup' } } },
    ],
    ['with data of its own', { action: 'metaflow', data: { module: 'hangup', data: {} } }],
  ])('%s is passed on', async (_name, body) => {
    const { status, envelope } = await put(body);

    expect(status).toBe(202);
    expect(envelope['data']).toEqual({
      action: 'metaflow',
      status: 'confirmed',
      message: 'metaflow sent',
      seen: { event: 'CHANNEL_DESTROY', call_id: CALL_ID },
      ignored: [],
    });
    expect(lastFlow()).toEqual({ command: { name: 'hangup' } });
  });

  it.each<[object, object]>([
    [{ module: 'break' }, { name: 'break' }],
    [
      { module: 'transfer', data: { target: '2600' } },
      { name: 'transfer', target: '2600', transfer_type: 'blind' },
    ],
    [
      {
        module: 'transfer',
        data: { target: '2600', transfer_type: 'attended', moh: 'm', takeback_dtmf: '*1' },
      },
      { name: 'transfer', target: '2600', transfer_type: 'attended', moh: 'm', takeback_dtmf: '*1' },
    ],
    [{ module: 'hold' }, { name: 'hold', unhold_key: '1' }],
    [{ module: 'hold_control' }, { name: 'hold_control', action: 'toggle' }],
    [
      { module: 'hold_control', data: { action: 'hold' } },
      { name: 'hold_control', action: 'hold' },
    ],
    [{ module: 'resume' }, { name: 'resume' }],
    [
      { module: 'park', data: { slot: '701' } },
      { name: 'park', slot: '701' },
    ],
    [
      { module: 'play', data: { id: 'm' } },
      { name: 'play', id: 'm', leg: 'both' },
    ],
    [{ module: 'record_call' }, { name: 'record_call', action: 'toggle' }],
    [
      {
        module: 'record_call',
        data: { action: 'start', format: 'mp3', label: 'l', media_name: 'n', time_limit: 60 },
      },
      { name: 'record_call', action: 'start', format: 'mp3', label: 'l', media_name: 'n', time_limit: 60 },
    ],
    [
      { module: 'intercept', data: { target_type: 'device', target_id: 'd' } },
      {
        name: 'intercept',
        target_type: 'device',
        target_id: 'd',
        unbridged_only: true,
        auto_answer: false,
        can_call_self: true,
      },
    ],
    [
      { module: 'move', data: { owner_id: 'o' } },
      { name: 'move', owner_id: 'o', auto_answer: false, can_call_self: true, dial_strategy: 'simultaneous' },
    ],
  ])('%j becomes the command %j, defaults applied', async (node, command) => {
    expect((await putNode(node)).status).toBe(202);
    expect(lastFlow()).toEqual({ command });
  });

  it('is passed on with its children, callflows looked up once', async () => {
    fixture.answer(getDocument, ({ id }) => ({ doc: { id, numbers: ['2600'] }, revision: 1 }));
    const callflow = { module: 'callflow', data: { id: 'flow' } };

    const { status } = await putNode({
      module: 'play',
      data: { id: 'menu' },
      children: { 1: callflow, 2: { module: 'hold', children: { '*': callflow } }, _: { module: 'hangup' } },
    });

    expect(status).toBe(202);
    const command = { name: 'callflow', id: 'flow', extension: '2600' };
    expect(lastFlow()).toEqual({
      command: { name: 'play', id: 'menu', leg: 'both' },
      children: {
        1: { command },
        2: { command: { name: 'hold', unhold_key: '1' }, children: { '*': { command } } },
        _: { command: { name: 'hangup' } },
      },
    });
    expect(fixture.asked.filter(({ operation }) => operation === getDocument.name)).toHaveLength(1);
  });

  it('names the members nobody acts on', async () => {
    const { envelope } = await putNode({
      module: 'transfer',
      data: { target: '1', leg: 'self', 'a.b': 1 },
      children: { 1: { module: 'record_call', data: { url: 'http://x' } } },
    });

    expect(envelope['data']).toMatchObject({
      ignored: ['data.leg', 'data.a%2Eb', 'children.1.data.url'],
    });
  });

  it('says of the switch’s word where the client wrote what it is about', async () => {
    const node = { module: 'transfer', data: { target: '9', moh: 'm' } };
    answerCommands(fixture, { status: 'accepted', ignored: ['moh'] });
    expect((await putNode(node)).envelope['data']).toMatchObject({ ignored: ['data.moh'] });

    const target = { not_found: { message: 'no such extension', target: '9' } };
    const other_leg_call_id = { required: { message: 'Channel is not bridged' } };
    const details = { target, other_leg_call_id };
    fixture.fail(commandChannel, new AppError('validation_failed', 'no', { details }));

    const { status, envelope } = await putNode(node);
    expect({ status, data: envelope['data'] }).toEqual({
      status: 400,
      data: { 'data.target': target, other_leg_call_id },
    });
  });

  it.each<[string, unknown]>([
    ['no action', { data: { module: 'hangup' } }],
    ['another action', { action: 'hangup', data: { module: 'hangup' } }],
    ['another action inside', { data: { action: 'transfer', target: '1' } }],
    ['an action that is no text', { action: ['metaflow'], data: { module: 'hangup' } }],
  ])('with %s is invalid data', async (_name, body) => {
    const { status, envelope } = await put(body);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ message: 'invalid data', data: (body as { data: unknown }).data });
    expectNoCommand();
  });

  it.each<[object, string, string]>([
    [{}, 'module', 'required'],
    [{ module: 7 }, 'module', 'type'],
    [{ module: '' }, 'module', 'minLength'],
    [{ module: 'x'.repeat(65) }, 'module', 'maxLength'],
    [{ module: 'explode' }, 'module', 'enum'],
    [{ module: 'constructor' }, 'module', 'enum'],
    [{ module: 'hangup', data: [] }, 'data', 'type'],
    [{ module: 'hangup', children: [] }, 'children', 'type'],
    [{ module: 'hangup', children: { 1: 'hangup' } }, 'children.1', 'type'],
    [{ module: 'hangup', children: { 1: {} } }, 'children.1.module', 'required'],
    [{ module: 'hangup', children: { 'a.b/c~d': {} } }, 'children.a%2Eb/c~d.module', 'required'],
    [{ module: 'hangup', children: { '': { module: 'hangup' } } }, 'children', 'maxLength'],
    [{ module: 'transfer' }, 'data.target', 'required'],
    [{ module: 'transfer', data: { target: 1 } }, 'data.target', 'type'],
    [{ module: 'transfer', data: { target: '1', captures: 'x' } }, 'data.captures', 'type'],
    [{ module: 'hold', children: { 1: { module: 'play' } } }, 'children.1.data.id', 'required'],
    [
      { module: 'hold', children: { 1: { module: 'play', data: { leg: 'x' } } } },
      'children.1.data.leg',
      'enum',
    ],
    [{ module: 'audio_level', data: { level: 5 } }, 'data.level', 'maximum'],
    [{ module: 'pivot' }, 'data.voice_url', 'required'],
    [{ module: 'pivot', data: { voice_url: 'ftp://x' } }, 'data.voice_url', 'pattern'],
    [{ module: 'record_call', data: { time_limit: 1.5 } }, 'data.time_limit', 'type'],
    [{ module: 'callflow' }, 'data.id', 'required'],
    [{ module: 'callflow', data: { id: 'unknown' } }, 'data.id', 'not_found'],
    [
      { module: 'hold', children: { 1: { module: 'callflow', data: { id: 'x' } } } },
      'children.1.data.id',
      'not_found',
    ],
  ])('%j is refused at %s by %s', async (node, field, rule) => {
    const { status, envelope } = await putNode(node);

    expect(status).toBe(400);
    expect(envelope).toMatchObject({ message: 'validation error' });
    expect(envelope['data']).toHaveProperty([field, rule, 'message']);
    expectNoCommand();
  });

  it('says all that is wrong at once', async () => {
    const { envelope } = await putNode({
      module: 'transfer',
      children: { 1: { module: 'play', data: { id: 1, leg: 'x' } }, 2: { module: 'nothing' } },
    });

    expect(Object.keys(envelope['data'] as object).sort()).toEqual([
      'children.1.data.id',
      'children.1.data.leg',
      'children.2.module',
      'data.target',
    ]);
  });

  it.each<[string, object]>([
    ['tts', { module: 'tts', data: { text: 'Please hold' } }],
    ['say', { module: 'say', data: { text: '12', type: 'number' } }],
    ['audio_level', { module: 'audio_level', data: { action: 'start', level: 2 } }],
    ['sound_touch', { module: 'sound_touch' }],
    ['pivot', { module: 'pivot', data: { voice_url: 'https://x.example' } }],
    ['relate', { module: 'relate', data: { participant_id: 1, other_participant: 2, conference_id: 'c' } }],
    ['tts', { module: 'hold', children: { 1: { module: 'hold', children: { 2: { module: 'tts' } } } } }],
    ['callflow with an inline flow', { module: 'callflow', data: { flow: { module: 'menu' } } }],
  ])('of module %s is not implemented, and says so', async (module, node) => {
    const { status, envelope } = await putNode(node);

    expect(status).toBe(501);
    expect(envelope).toMatchObject({ error: '501', message: 'not_implemented' });
    expect((envelope['data'] as { message: string }).message).toContain(module);
    expectNoCommand();
  });

  it('may be 16 levels deep, not 17', async () => {
    expect((await putNode(chain(16))).status).toBe(202);

    const { status, envelope } = await putNode(chain(17));
    expect(status).toBe(400);
    expect(JSON.stringify(envelope['data'])).toContain('nested more than 16 levels deep');
  });

  it('is bounded in children and nodes before anything looks into it', async () => {
    const wide = (count: number, child: object): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, child]));
    const ten = { module: 'hold', children: wide(9, { module: 'hangup' }) };

    expect((await putNode({ module: 'hold', children: wide(16, { module: 'hangup' }) })).status).toBe(202);
    const broad = await putNode({ module: 'hold', children: wide(17, { module: 'hangup' }) });
    expect(broad.envelope['data']).toHaveProperty(['children', 'maxProperties']);
    const large = await putNode({ module: 'hold', children: wide(10, ten) });
    expect(large.envelope['data']).toHaveProperty(['data', 'maxItems']);
  });
});

describe('the schemas', () => {
  const modules = [
    'audio_level',
    'break',
    'callflow',
    'hangup',
    'hold',
    'hold_control',
    'intercept',
    'move',
    'park',
    'pivot',
    'play',
    'record_call',
    'relate',
    'resume',
    'say',
    'sound_touch',
    'transfer',
    'tts',
  ];

  it('are listed without a login', async () => {
    const { status, envelope } = await fixture.call('GET', '/v2/schemas');

    expect(status).toBe(200);
    expect(envelope['data']).toEqual([
      'metaflow',
      'metaflows',
      ...modules.map((module) => `metaflows.${module}`),
    ]);
  });

  it.each(modules)('describe the data of %s', async (module) => {
    const { status, envelope } = await fixture.call('GET', `/v2/schemas/metaflows.${module}`);

    expect(status).toBe(200);
    expect(envelope['data']).toMatchObject({ $id: `metaflows.${module}`, type: 'object' });
    expect(envelope['data']).toHaveProperty('properties');
  });

  it('are those that are used', async () => {
    const { envelope } = await fixture.call('GET', '/v2/schemas/metaflows.transfer');
    const { properties } = envelope['data'] as { properties: Record<string, Record<string, unknown>> };
    expect(properties['transfer_type']).toMatchObject({ enum: ['attended', 'blind'], default: 'blind' });

    const refused = await putNode({ module: 'transfer', data: { target: '1', transfer_type: 'x' } });
    expect(refused.envelope['data']).toMatchObject({
      'data.transfer_type': { enum: { target: ['attended', 'blind'] } },
    });
    const node = await fixture.call('GET', '/v2/schemas/metaflow');
    expect(node.envelope['data']).toMatchObject({ $id: 'metaflow', required: ['module'] });
  });

  it.each(['metaflows.nothing', 'users', 'constructor', '__proto__', '%00', 'x'.repeat(500)])(
    'do not know %s',
    async (name) => {
      const { status, envelope } = await fixture.call('GET', `/v2/schemas/${name}`);

      expect({ status, message: envelope['message'] }).toEqual({ status: 404, message: 'bad identifier' });
    },
  );
});
