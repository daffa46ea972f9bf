import {
  getDocument,
  listChannels,
  listDocuments,
  type ChannelState,
  type PublicDocument,
} from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { CALL_ID, channelOf, DEVICE_ID, NOW_MS, OTHER_LEG, serveChannels } from '../testing/fake-calls';
import { CHILD, NOWHERE, PARENT, STRANGER, USER_ID } from '../testing/fake-directory';
import { GatewayFixture, type Answered } from '../testing/gateway-fixture';

const account = `/v2/accounts/${PARENT}`;
const GROUP_ID = '9'.repeat(32);

let fixture: GatewayFixture;

beforeEach(async () => {
  fixture = await GatewayFixture.start({}, { clock: () => NOW_MS });
});

afterEach(() => fixture.stop());

const get = (path: string, headers: Record<string, string> = {}, token = 'admin'): Promise<Answered> =>
  fixture.call('GET', path, { token, headers });
const uuidsOf = ({ envelope }: Answered): unknown[] =>
  (envelope['data'] as { uuid: unknown }[]).map(({ uuid }) => uuid);
const documents = (docs: Readonly<Record<string, PublicDocument>>): void =>
  fixture.answer(getDocument, ({ type, id }) => {
    const doc = docs[`${type}/${id}`];
    if (!doc) throw new AppError('not_found', 'no such document');
    return { doc, revision: 1 };
  });

describe('the list of channels of an account', () => {
  it('has the members of the documentation, and what Kazoo shows besides', async () => {
    await serveChannels(fixture, [
      channelOf({ custom_channel_vars: { 'Account-ID': PARENT, owner_id: USER_ID } }),
    ]);

    const { status, envelope } = await get(`${account}/channels`);

    expect(status).toBe(200);
    expect(envelope).toMatchObject({ auth_token: 'admin', status: 'success', revision: '7' });
    expect(envelope).not.toHaveProperty('page_size');
    expect(envelope['data']).toEqual([
      {
        answered: true,
        authorizing_id: DEVICE_ID,
        authorizing_type: 'device',
        destination: 'user_zu0bf7',
        direction: 'outbound',
        other_leg: OTHER_LEG,
        owner_id: USER_ID,
        presence_id: 'user_zu0bf7@account.realm.com',
        timestamp: channelOf().created,
        username: 'user_zu0bf7',
        uuid: CALL_ID,
        elapsed_s: 42,
        is_onhold: false,
        custom_channel_vars: { account_id: PARENT, owner_id: USER_ID },
      },
    ]);
    expect(fixture.lastAsked.payload).toEqual({ account_id: PARENT, limit: 1000 });
  });

  it('leaves out what is not known, and never names account and switch', async () => {
    const bare: ChannelState = {
      call_id: 'x',
      account_id: PARENT,
      switch: 's',
      answered: false,
      on_hold: true,
      created: 1,
    };
    await serveChannels(fixture, [bare]);

    const [item] = (await get(`${account}/channels`)).envelope['data'] as object[];

    expect(Object.keys(item!).sort()).toEqual(['answered', 'elapsed_s', 'is_onhold', 'timestamp', 'uuid']);
  });

  it('lifts what Kazoo lifts from the channel variables', async () => {
    const vars = {
      'Channel-Authorized': 'true',
      account_billing: 'per_minute',
      reseller_billing: { hidden: 1 },
    };
    await serveChannels(fixture, [channelOf({ custom_channel_vars: vars })]);

    const [item] = (await get(`${account}/channels`)).envelope['data'] as object[];

    expect(item).toMatchObject({ channel_authorized: 'true', account_billing: 'per_minute' });
    expect(item).not.toHaveProperty('reseller_billing');
  });

  it('is gathered whole from the pages of the registry', async () => {
    const calls = Array.from({ length: 2_500 }, (_, index) => channelOf({ call_id: `call-${index}` }));
    await serveChannels(fixture, calls);

    const answer = await get(`${account}/channels`);

    expect(uuidsOf(answer)).toEqual(calls.map(({ call_id }) => call_id));
    expect(answer.envelope).not.toHaveProperty('next_start_key');
    expect(fixture.asked).toHaveLength(3);
  });

  it('names a channel once that two pages name', async () => {
    const pages = [
      { channels: [channelOf({ call_id: 'a' }), channelOf({ call_id: 'b' })], offset: 5, next: 'b' },
      { channels: [channelOf({ call_id: 'b' }), channelOf({ call_id: 'c' })], offset: 4 },
    ];
    await serveChannels(fixture, []);
    fixture.answer(listChannels, () => pages.shift()!);

    const answer = await get(`${account}/channels`);

    expect(uuidsOf(answer)).toEqual(['a', 'b', 'c']);
    expect(answer.envelope['revision']).toBe('4');
  });

  it('takes a key as long as the registry makes it', async () => {
    await serveChannels(fixture, []);

    const answer = await get(`${account}/channels?start_key=${'k'.repeat(6_000)}`);

    expect(answer.status).toBe(200);
    expect(fixture.lastAsked.payload).toMatchObject({ after: 'k'.repeat(6_000) });
  });

  it('is cut after 10,000 and says where to go on', async () => {
    const calls = Array.from({ length: 10_001 }, (_, index) => channelOf({ call_id: `call-${index}` }));
    await serveChannels(fixture, calls);

    const first = await get(`${account}/channels`);
    expect(uuidsOf(first)).toHaveLength(10_000);
    expect(first.envelope).toMatchObject({ page_size: 10_000, next_start_key: 'é10000' });

    const key = encodeURIComponent(first.envelope['next_start_key'] as string);
    const rest = await get(`${account}/channels?start_key=${key}`);
    expect(uuidsOf(rest)).toEqual(['call-10000']);
    expect(rest.envelope).not.toHaveProperty('next_start_key');
  });

  it('comes in pages for who asks for them', async () => {
    const calls = ['a', 'b', 'c'].map((call_id) => channelOf({ call_id }));
    await serveChannels(fixture, calls);

    const first = await get(`${account}/channels?page_size=2`);
    expect(uuidsOf(first)).toEqual(['a', 'b']);
    expect(first.envelope).toMatchObject({ page_size: 2, next_start_key: 'é2' });

    const second = await get(`${account}/channels?page_size=2&start_key=%C3%A92`);
    expect(uuidsOf(second)).toEqual(['c']);
    expect(second.envelope).toMatchObject({ page_size: 2, start_key: 'é2' });
    expect(second.envelope).not.toHaveProperty('next_start_key');
  });

  it.each([
    ['page_size=0', 'page_size'],
    ['page_size=x', 'page_size'],
    ['page_size=1001', 'page_size'],
    ['filter_direction=inbound', 'filter'],
    ['created_from=1', 'created_from'],
    ['descending=true', 'descending'],
  ])('refuses ?%s: it would not be obeyed', async (query, field) => {
    await serveChannels(fixture, [channelOf()]);

    const { status, envelope } = await get(`${account}/channels?${query}`);

    expect(status).toBe(400);
    expect(envelope['data']).toHaveProperty([field]);
  });

  it('is read by the account’s users and by those above, not by strangers', async () => {
    await serveChannels(fixture, [channelOf()]);

    for (const token of ['user', 'api-key', 'root']) {
      expect((await get(`${account}/channels`, {}, token)).status).toBe(200);
    }
    expect((await get(`${account}/channels`, {}, 'child-admin')).status).toBe(403);
    expect((await get(`/v2/accounts/${STRANGER}/channels`)).status).toBe(403);
    expect((await get(`/v2/accounts/${NOWHERE}/channels`, {}, 'root')).status).toBe(404);
    expect((await fixture.call('GET', `${account}/channels`)).status).toBe(401);
    expect((await get(`/v2/accounts/${CHILD}/channels`)).envelope['data']).toEqual([]);
  });

  it('is not an empty one while no registry runs', async () => {
    const { status, envelope, headers } = await get(`${account}/channels`);

    expect(status).toBe(503);
    expect(envelope['message']).toBe('service_unavailable');
    expect(headers.get('retry-after')).toBe('1');
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('is not changed by %s', async (method) => {
    const { status, headers } = await fixture.call(method, `${account}/channels`, {
      token: 'admin',
      data: {},
    });

    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('GET, HEAD, OPTIONS');
  });
});

describe('the list of all channels', () => {
  const all = [channelOf({ call_id: 'a' }), channelOf({ call_id: 'b', account_id: STRANGER })];
  const startWith = async (systemWide?: boolean): Promise<void> => {
    await fixture.stop();
    fixture = await GatewayFixture.start(
      systemWide === undefined ? {} : { channelsSystemWideList: systemWide },
    );
    await serveChannels(fixture, all);
  };

  it('is for the super admin, when it is switched on', async () => {
    await startWith(true);

    expect(uuidsOf(await get('/v2/channels', {}, 'root'))).toEqual(['a', 'b']);
    expect(fixture.lastAsked.payload).toEqual({ limit: 1000 });
    for (const token of ['admin', 'user', 'api-key']) {
      expect((await get('/v2/channels', {}, token)).status).toBe(403);
    }
  });

  it.each([[false], [undefined]])('names its setting when that is %s', async (setting) => {
    await startWith(setting);

    const { status, envelope } = await get('/v2/channels', {}, 'root');

    expect(status).toBe(403);
    expect((envelope['data'] as { message: string }).message).toContain('RINGDOWN_CHANNELS_SYSTEM_WIDE_LIST');
  });
});

describe('the channels of a user', () => {
  const owned = channelOf({ call_id: 'by owner', authorizing_id: 'other' });
  const ofDevice = channelOf({ call_id: 'by device', owner_id: 'other' });
  const foreign = channelOf({ call_id: 'foreign', owner_id: 'other', authorizing_id: 'other' });

  beforeEach(() => serveChannels(fixture, [owned, ofDevice, foreign]));

  it('are those it owns and those of the devices it owns', async () => {
    documents({ [`user/${USER_ID}`]: { id: USER_ID } });
    fixture.answer(listDocuments, ({ query }) => {
      expect(query.filter).toEqual({ owner_id: USER_ID });
      return { docs: [{ id: DEVICE_ID, owner_id: USER_ID }], page_size: 1000 };
    });

    expect(uuidsOf(await get(`${account}/users/${USER_ID}/channels`))).toEqual(['by owner', 'by device']);
  });

  it('need the user to be there', async () => {
    const { status, envelope } = await get(`${account}/users/${NOWHERE}/channels`);

    expect(status).toBe(404);
    expect(envelope).toMatchObject({ message: 'bad identifier', data: [NOWHERE] });
  });
});

describe('the channels of a device', () => {
  it('are those it authorised', async () => {
    await serveChannels(fixture, [channelOf(), channelOf({ call_id: 'other', authorizing_id: 'other' })]);
    documents({ [`device/${DEVICE_ID}`]: { id: DEVICE_ID } });

    expect(uuidsOf(await get(`${account}/devices/${DEVICE_ID}/channels`))).toEqual([CALL_ID]);
    expect(fixture.lastAsked.payload).toEqual({ account_id: PARENT, device_ids: [DEVICE_ID], limit: 1000 });
  });

  it.each([['unknown'], ['x'.repeat(200)], ['a b.c@é'], ['%00']])(
    'need the device %s to be there',
    async (id) => {
      await serveChannels(fixture, [channelOf()]);
      const path = id === '%00' ? id : encodeURIComponent(id);

      const { status, envelope } = await get(`${account}/devices/${path}/channels`);

      expect(status).toBe(404);
      expect(envelope).toMatchObject({ message: 'bad identifier', data: [decodeURIComponent(path)] });
    },
  );
});

describe('the channels of a group', () => {
  const [other, nested] = ['7'.repeat(32), '8'.repeat(32)];
  const calls = [
    channelOf({ call_id: 'of the device', owner_id: 'nobody' }),
    channelOf({ call_id: 'of the user', authorizing_id: 'nothing' }),
    channelOf({ call_id: 'of the nested group', authorizing_id: other, owner_id: 'nobody' }),
    channelOf({ call_id: 'of nobody in it', authorizing_id: 'nothing', owner_id: 'nobody' }),
  ];

  beforeEach(async () => {
    await serveChannels(fixture, calls);
    fixture.answer(listDocuments, () => ({ docs: [], page_size: 1000 }));
  });

  it('are those of its devices and users, and of the groups in it', async () => {
    documents({
      [`group/${GROUP_ID}`]: {
        id: GROUP_ID,
        endpoints: {
          [DEVICE_ID]: { type: 'device' },
          [USER_ID]: { type: 'user' },
          [nested]: { type: 'group' },
        },
      },
      [`group/${nested}`]: {
        id: nested,
        // Back to where it came from, and to nothing.
        endpoints: {
          [other]: { type: 'device' },
          [GROUP_ID]: { type: 'group' },
          [NOWHERE]: { type: 'group' },
        },
      },
    });

    const answer = await get(`${account}/groups/${GROUP_ID}/channels`);

    expect(uuidsOf(answer)).toEqual(['of the device', 'of the user', 'of the nested group']);
    expect(answer.envelope).not.toHaveProperty('missing');
  });

  it.each<[string, unknown]>([
    ['no members', {}],
    ['none at all', undefined],
    ['rubbish', { x: null, y: { type: 'moon' }, ['z'.repeat(200)]: { type: 'device' } }],
  ])('of %s are none', async (_name, endpoints) => {
    documents({ [`group/${GROUP_ID}`]: { id: GROUP_ID, endpoints } });

    const { status, envelope } = await get(`${account}/groups/${GROUP_ID}/channels`);

    expect({ status, data: envelope['data'] }).toEqual({ status: 200, data: [] });
    expect(fixture.asked.map(({ operation }) => operation)).not.toContain('channels.list');
  });

  it('tell which groups were not looked into, when they are too many', async () => {
    fixture.answer(getDocument, ({ id }) => {
      const number = id === GROUP_ID ? 0 : Number(id);
      return { doc: { id, endpoints: { [String(number + 1)]: { type: 'group' } } }, revision: 1 };
    });

    const { envelope } = await get(`${account}/groups/${GROUP_ID}/channels`);

    expect(envelope['missing']).toEqual(['50']);
  });

  it('need the group to be there', async () => {
    documents({});

    const { status, envelope } = await get(`${account}/groups/${GROUP_ID}/channels`);

    expect(status).toBe(404);
    expect(envelope).toMatchObject({ message: 'bad identifier', data: [GROUP_ID] });
  });
});

describe('channels as CSV', () => {
  const tricky = channelOf({
    call_id: 'a "quoted", id',
    destination: '=HYPERLINK("http://evil.example")',
    username: '+4930123',
    presence_id: 'two\r\nlines',
    custom_channel_vars: { owner_id: 'o' },
  });

  beforeEach(() => serveChannels(fixture, [tricky]));

  it('have a header row, quotes where they are needed and no formulas', async () => {
    const { status, headers, text } = await get(`${account}/channels`, { accept: 'text/csv' });

    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(headers.get('content-disposition')).toBe('attachment; filename="channels.csv"');
    expect(headers.get('vary')).toBe('accept');
    expect(text).toBe(
      'uuid,direction,answered,timestamp,elapsed_s,destination,other_leg,authorizing_id,authorizing_type,owner_id,' +
        'presence_id,username,callflow_id,resource_id,reseller_id,interaction_id,is_onhold,from_tag,to_tag,' +
        'channel_authorized,account_billing,reseller_billing,custom_channel_vars,custom_application_vars\r\n' +
        `"a ""quoted"", id",outbound,true,${tricky.created},42,"'=HYPERLINK(""http://evil.example"")",${OTHER_LEG},` +
        `${DEVICE_ID},device,${USER_ID},"two\r\nlines",'+4930123,,,,,false,,,,,,"{""owner_id"":""o""}",\r\n`,
    );
  });

  it('are of one channel, too', async () => {
    const path = `${account}/channels/${encodeURIComponent(tricky.call_id)}`;
    const { headers, text } = await get(path, { accept: 'text/csv' });

    expect(headers.get('content-disposition')).toBe('attachment; filename="channel.csv"');
    expect(text.split('\r\n')[0]).toMatch(/^call_id,call_direction,/);
    expect(text).toContain('a ""quoted"", id');
  });

  it.each<[string, string]>([
    ['text/csv', 'text/csv; charset=utf-8'],
    ['TEXT/CSV;header=present', 'text/csv; charset=utf-8'],
    ['text/*', 'text/csv; charset=utf-8'],
    ['text/csv, */*;q=0.1', 'text/csv; charset=utf-8'],
    ['application/json;q=0.5, text/csv', 'text/csv; charset=utf-8'],
    ['application/octet-stream', 'application/octet-stream'],
    ['application/json, text/csv', 'application/json'],
    ['text/csv;q=0', 'application/json'],
    ['text/csv;q=banana', 'application/json'],
    ['*/*', 'application/json'],
    ['application/*', 'application/json'],
    ['image/png', 'application/json'],
    [',,;;q', 'application/json'],
  ])('or not, Accept: %s decides: %s', async (accept, type) => {
    const { status, headers } = await get(`${account}/channels`, { accept });

    expect({ status, type: headers.get('content-type') }).toEqual({ status: 200, type });
  });

  it('say in a header where to go on', async () => {
    const calls = ['a', 'b'].map((call_id) => channelOf({ call_id }));
    await fixture.stop();
    fixture = await GatewayFixture.start();
    await serveChannels(fixture, calls);

    const { headers, text } = await get(`${account}/channels?page_size=1`, { accept: 'text/csv' });

    expect(text.split('\r\n')).toHaveLength(3);
    expect(decodeURIComponent(headers.get('x-next-start-key')!)).toBe('é1');
  });

  it('do not change the form of an error', async () => {
    const { status, headers } = await get(`${account}/channels/none`, { accept: 'text/csv' });

    expect({ status, type: headers.get('content-type') }).toEqual({ status: 404, type: 'application/json' });
  });

  it('answer HEAD without a body', async () => {
    const { status, headers, text } = await fixture.call('HEAD', `${account}/channels`, {
      token: 'admin',
      headers: { accept: 'text/csv' },
    });

    expect({ status, text, type: headers.get('content-type') }).toEqual({
      status: 200,
      text: '',
      type: 'text/csv; charset=utf-8',
    });
  });
});
