import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeEvent, type ChannelState, type Endpoint, type EventDraft } from '@ringdown/contracts';
import { MemoryEndpointDirectory } from '../../domain/memory-endpoint-directory';
import { AmiDecoder } from '../ami/ami-decoder';
import { AmiMessage } from '../ami/ami-message';
import { reconcile, remember } from './reconcile';
import { SwitchState } from './switch-state';

const ACCOUNT = 'a'.repeat(32);

describe('recorded traces', () => {
  it('a call is created, answered, bridged and destroyed, both legs with their device', () => {
    const { told, drafts } = played('call');
    expect(told).toEqual([
      'CHANNEL_CREATE 1001 inbound',
      'CHANNEL_CREATE 1002 outbound',
      'CHANNEL_ANSWER 1002 outbound',
      'CHANNEL_ANSWER 1001 inbound',
      'CHANNEL_BRIDGE 1001 inbound',
      'CHANNEL_BRIDGE 1002 outbound',
      'CHANNEL_DESTROY 1002 outbound',
      'CHANNEL_DESTROY 1001 inbound',
    ]);
    for (const { accountId } of drafts) expect(accountId).toBe(ACCOUNT);
    expect(drafts[4]?.body).toMatchObject({
      call_direction: 'inbound',
      from: '1001@acme.example',
      to: '1002@acme.example',
      caller_id_name: 'Ann',
      caller_id_number: '1001',
      callee_id_name: 'Bob',
      callee_id_number: '1002',
      other_leg_direction: 'outbound',
      other_leg_call_id: drafts[5]?.body['call_id'],
      bridge_b_unique_id: drafts[5]?.body['call_id'],
      interaction_id: drafts[0]?.body['call_id'],
      channel_call_state: 'ACTIVE',
      presence_id: '1001@acme.example',
      custom_channel_vars: {
        account_id: ACCOUNT,
        account_name: 'acme',
        authorizing_id: 'dev1001',
        authorizing_type: 'device',
        owner_id: 'own1001',
        username: '1001',
      },
    });
    expect(drafts[7]?.body).toMatchObject({
      hangup_cause: 'NORMAL_CLEARING',
      hangup_code: 'sip:200',
      disposition: 'ANSWER',
      duration_seconds: 20,
      billing_seconds: 10,
      ringing_seconds: 10,
    });
  });

  it('an attended transfer through Local channels shows telephones only, and bridges the new pair once', () => {
    const { told } = played('attended');
    expect(told.filter((line) => line.startsWith('CHANNEL_BRIDGE'))).toEqual([
      'CHANNEL_BRIDGE 1001 inbound',
      'CHANNEL_BRIDGE 1002 outbound',
      'CHANNEL_BRIDGE 1002 outbound',
      'CHANNEL_BRIDGE 1003 outbound',
    ]);
    expect(told.filter((line) => line.startsWith('CHANNEL_CREATE'))).toHaveLength(3);
    expect(told.filter((line) => line.startsWith('CHANNEL_DESTROY'))).toHaveLength(3);
  });

  it('a blind transfer ends the leg that transferred; nobody is taken off a hold that was none', () => {
    const { told } = played('blind');
    expect(told.slice(6)).toEqual(['CHANNEL_DESTROY 1002 outbound', 'CHANNEL_DESTROY 1001 inbound']);
  });

  it('parking: into the lot is no bridge, out of it is one; who hangs up there gives up', () => {
    const { told, drafts } = played('parking');
    const parks = drafts.filter(({ name }) => name.startsWith('PARK_'));
    expect(parks.map(({ name, body }) => [name, body['parking_slot']])).toEqual([
      ['PARK_PARKED', '701'],
      ['PARK_RETRIEVED', '701'],
      ['PARK_PARKED', '701'],
      ['PARK_ABANDONED', '701'],
      ['PARK_PARKED', '701'],
      ['PARK_ABANDONED', '701'],
    ]);
    const retrieved = told.indexOf('PARK_RETRIEVED 1001 inbound');
    expect(told.slice(retrieved + 1, retrieved + 3)).toEqual([
      'CHANNEL_BRIDGE 1001 inbound',
      'CHANNEL_BRIDGE 1003 inbound',
    ]);
    expect(told.filter((line) => line.startsWith('CHANNEL_BRIDGE'))).toHaveLength(4);
  });

  it('a conference is made and ended, and its members come, are muted and go', () => {
    const { drafts, told } = played('conference');
    const events = drafts.filter(({ family }) => family === 'conference');
    expect(events.map(({ body }) => [body['event'], body['participant_id']])).toEqual([
      ['conference-create', undefined],
      ['add-member', 1],
      ['add-member', 2],
      ['mute-member', 1],
      ['unmute-member', 1],
      ['del-member', 1],
      ['del-member', 2],
      ['conference-destroy', undefined],
    ]);
    expect(events[1]?.body).toMatchObject({
      conference_id: '3001',
      account_id: ACCOUNT,
      caller_id_number: '1001',
    });
    expect(told.filter((line) => line.startsWith('CHANNEL_BRIDGE'))).toEqual([]);
  });

  it('faxes over a Local pair tell their progress, and no calls', () => {
    const { drafts } = played('fax');
    expect(drafts.map(({ body }) => [body['direction'], body['fax_state']])).toEqual([
      ['outgoing', 'start'],
      ['outgoing', 'send'],
      ['incoming', 'start'],
      ['incoming', 'receive'],
      ['incoming', 'end'],
      ['outgoing', 'end'],
    ]);
    expect(drafts[4]?.body).toMatchObject({
      page: 1,
      fax_info: { fax_transferred_pages: 1, fax_success: true },
    });
  });

  it.each(['call', 'attended', 'blind', 'parking', 'conference', 'fax'])(
    'nothing is left behind by %s, also when every message is heard twice',
    (name) => {
      const world = new World();
      for (const message of trace(name)) {
        world.state.apply(message);
        world.state.apply(message);
      }
      expect(world.state.channels()).toEqual([]);
      expect([...world.state.legs.values()].map((leg) => leg.name)).toEqual([]);
      const creates = world.drafts.filter((draft) => draft.name === 'CHANNEL_CREATE');
      expect(new Set(creates.map(({ body }) => body['call_id'])).size).toBe(creates.length);
    },
  );
});

describe('calls', () => {
  it('are placed by the switch when they begin as Down, whatever their Linkedid says', () => {
    const world = new World();
    world.newChannel('1.1', 'PJSIP/1001-00000001', { ChannelState: '0' });
    world.event('Newstate', '1.1', { ChannelState: '5' });
    expect(world.told()).toEqual(['CHANNEL_CREATE 1001 outbound']);
  });

  it('wait for the variables that say whose they are', () => {
    const world = new World();
    world.event('VarSet', '1.1', { Variable: 'RINGDOWN_ACCOUNT_ID', Value: 'other-account' });
    world.newChannel('1.1', 'PJSIP/trunk-00000001');
    expect(world.drafts).toEqual([]);
    world.event('VarSet', '1.1', { Variable: '__RINGDOWN_OWNER_ID', Value: 'owner' });
    world.event('Newexten', '1.1', { Application: 'Dial', Extension: '1002' });
    expect(world.drafts[0]).toMatchObject({
      accountId: 'other-account',
      body: { custom_channel_vars: { account_id: 'other-account', owner_id: 'owner' } },
    });
  });

  it('a device of another account than the variables name is not the call’s', () => {
    const world = new World();
    world.event('VarSet', '1.1', { Variable: 'RINGDOWN_ACCOUNT_ID', Value: 'other-account' });
    world.newChannel('1.1', 'PJSIP/1001-00000001');
    world.later(400);
    expect(world.drafts[0]?.accountId).toBe('other-account');
    expect(world.drafts[0]?.body['custom_channel_vars']).not.toHaveProperty('authorizing_id');
  });

  it('of unknown people are shown without an account after a while, and anew when a leg of theirs has one', () => {
    const world = new World();
    world.newChannel('1.1', 'PJSIP/trunk-00000001');
    world.later(400);
    expect(world.drafts).toEqual([]);
    world.later(700);
    expect(world.drafts.map(({ accountId }) => accountId)).toEqual([undefined]);

    world.newChannel('1.2', 'PJSIP/1002-00000001', { ChannelState: '0', Linkedid: '1.1' });
    world.event('Newstate', '1.2', { ChannelState: '5' });
    expect(world.drafts.slice(1).map(({ accountId, body }) => [accountId, body['call_id']])).toEqual([
      [ACCOUNT, '1.2'],
      [ACCOUNT, '1.1'],
    ]);
    expect(world.snapshots).toBe(1);
  });

  it('hold once and unhold once', () => {
    const world = new World();
    world.answeredCall('1.1', 'PJSIP/1001-00000001');
    world.drafts.length = 0;
    for (const event of ['Unhold', 'Hold', 'Hold', 'Unhold', 'Unhold']) world.event(event, '1.1');
    expect(world.told()).toEqual(['CHANNEL_HOLD 1001 inbound', 'CHANNEL_UNHOLD 1001 inbound']);
  });

  it.each([
    ['16', true, 'NORMAL_CLEARING', 'sip:200', 'ANSWER'],
    ['17', false, 'USER_BUSY', 'sip:486', 'BUSY'],
    ['19', false, 'NO_ANSWER', 'sip:480', 'NO ANSWER'],
    ['34', false, 'NORMAL_CIRCUIT_CONGESTION', 'sip:503', 'FAILED'],
    ['0', false, 'ORIGINATOR_CANCEL', 'sip:487', 'CANCEL'],
    ['127', false, 'ORIGINATOR_CANCEL', 'sip:487', 'CANCEL'],
    ['127', true, 'INTERWORKING', 'sip:500', 'ANSWER'],
    ['16', false, 'NORMAL_CLEARING', 'sip:487', 'CANCEL'],
    ['999', true, 'NORMAL_UNSPECIFIED', 'sip:480', 'ANSWER'],
    ['x', false, 'ORIGINATOR_CANCEL', 'sip:487', 'CANCEL'],
  ])('end with cause %s (answered: %s) as %s', (cause, answered, name, code, disposition) => {
    const world = new World();
    world.newChannel('1.1', 'PJSIP/1001-00000001');
    if (answered) world.event('Newstate', '1.1', { ChannelState: '6' });
    world.event('Hangup', '1.1', { Cause: cause });
    expect(world.drafts.at(-1)?.body).toMatchObject({
      hangup_cause: name,
      hangup_code: code,
      disposition,
    });
  });

  it('that nobody fetched from the lot in time are retrieved by the timeout; a swap moves the slot', () => {
    const world = new World();
    world.answeredCall('1.1', 'PJSIP/1001-00000001');
    world.answeredCall('1.2', 'PJSIP/1002-00000001');
    world.drafts.length = 0;
    const place = { Parkinglot: 'default', ParkingSpace: '701' };
    world.event('ParkedCall', '', { ParkeeUniqueid: '1.1', ...place });
    world.event('ParkedCallSwap', '', { ParkeeUniqueid: '1.2', ...place });
    world.event('ParkedCallTimeOut', '', { ParkeeUniqueid: '1.2', ...place });
    world.event('ParkedCallTimeOut', '', { ParkeeUniqueid: '1.2', ...place });
    expect(world.drafts.map(({ name, body }) => [name, body['call_id'], body['reason']])).toEqual([
      ['PARK_PARKED', '1.1', undefined],
      ['PARK_RETRIEVED', '1.1', undefined],
      ['PARK_PARKED', '1.2', undefined],
      ['PARK_RETRIEVED', '1.2', 'timeout'],
    ]);
  });

  it('have the switch’s name before their id when Asterisk puts none there', () => {
    const world = new World();
    world.state.setPrefix('sw1-');
    world.newChannel('1.1', 'PJSIP/1001-00000001');
    world.later(400);
    expect(world.state.channels()[0]?.call_id).toBe('sw1-1.1');
    expect(world.state.channels()[0]?.interaction_id).toBe('sw1-1.1');
  });

  it('digits are told of real calls, as received ones', () => {
    const world = new World();
    const digits: string[] = [];
    world.state.onDigit = (callId, digit) => digits.push(`${callId} ${digit}`);
    world.answeredCall('1.1', 'PJSIP/1001-00000001');
    world.event('DTMFEnd', '1.1', { Digit: '5', Direction: 'Received' });
    world.event('DTMFEnd', '1.1', { Digit: '6', Direction: 'Sent' });
    expect(digits).toEqual(['1.1 5']);
  });
});

describe('after a gap', () => {
  const known: readonly ChannelState[] = [
    {
      call_id: '1.1',
      account_id: ACCOUNT,
      switch: 'sw1',
      answered: true,
      on_hold: true,
      created: 63_890_000_000,
      username: '1001',
      direction: 'inbound',
      other_leg_call_id: '1.2',
    },
    {
      call_id: '1.2',
      account_id: ACCOUNT,
      switch: 'sw1',
      answered: true,
      on_hold: false,
      created: 63_890_000_000,
      username: '1002',
      direction: 'outbound',
      other_leg_call_id: '1.1',
    },
    {
      call_id: '1.3',
      account_id: ACCOUNT,
      switch: 'sw1',
      answered: true,
      on_hold: false,
      created: 63_890_000_000,
    },
    {
      call_id: '1.4',
      account_id: ACCOUNT,
      switch: 'sw1',
      answered: false,
      on_hold: false,
      created: 63_890_000_000,
    },
  ];

  it('what is as it was is not told again, hold included; the rest is told as recovered', () => {
    const world = new World();
    remember(world.state, known);
    world.reconcile(
      [
        row('1.1', 'PJSIP/1001-00000001', { BridgeId: 'b' }),
        row('1.2', 'PJSIP/1002-00000001', { BridgeId: 'b', Linkedid: '1.1' }),
        row('1.5', 'PJSIP/1003-00000001', { Duration: '00:01:05' }),
        row('1.6', 'Local/600@default-00000001;1'),
      ],
      ['1.4'],
    );
    expect(world.drafts.map(({ name, body }) => [name, body['call_id'], body['recovered']])).toEqual([
      ['CHANNEL_DESTROY', '1.3', true],
      ['CHANNEL_CREATE', '1.5', true],
      ['CHANNEL_ANSWER', '1.5', true],
    ]);
    expect(world.drafts[0]?.body).toMatchObject({ hangup_cause: 'UNKNOWN' });
    expect(world.drafts[0]?.body).not.toHaveProperty('duration_seconds');
    expect(world.state.channels().find(({ call_id }) => call_id === '1.1')).toMatchObject({
      on_hold: true,
      other_leg_call_id: '1.2',
    });

    world.drafts.length = 0;
    world.event('Hangup', '1.4', { Cause: '17' });
    world.event('Hangup', '1.5', { Cause: '16' });
    expect(
      world.drafts.map(({ body }) => [
        body['hangup_cause'],
        body['duration_seconds'],
        body['billing_seconds'],
      ]),
    ).toEqual([
      ['USER_BUSY', expect.any(Number), 0],
      ['NORMAL_CLEARING', 65, undefined],
    ]);
  });

  it('a pair that was made meanwhile is bridged, a parked call parked, one that left the lot retrieved', () => {
    const world = new World();
    remember(world.state, [{ ...known[2]!, parking_slot: '702' }]);
    world.reconcile(
      [
        row('1.3', 'PJSIP/1003-00000001'),
        row('1.7', 'PJSIP/1001-00000002', { BridgeId: 'b' }),
        row('1.8', 'PJSIP/1002-00000002', { BridgeId: 'b', Linkedid: '1.7' }),
        row('1.9', 'PJSIP/1002-00000003'),
      ],
      [],
      [message({ Event: 'ParkedCall', ParkeeUniqueid: '1.9', Parkinglot: 'default', ParkingSpace: '701' })],
    );
    expect(
      world.drafts
        .filter(({ name }) => /BRIDGE|PARK/.test(name))
        .map(({ name, body }) => [name, body['call_id'], body['parking_slot'], body['recovered']]),
    ).toEqual([
      ['CHANNEL_BRIDGE', '1.7', undefined, true],
      ['CHANNEL_BRIDGE', '1.8', undefined, true],
      ['PARK_PARKED', '1.9', '701', true],
      ['PARK_RETRIEVED', '1.3', '702', true],
    ]);
  });
});

describe('random messages', () => {
  it('never end in an exception, nor in an event that cannot be published', () => {
    const random = mulberry(7);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
    const events = [
      'Newchannel',
      'Newstate',
      'Newexten',
      'Rename',
      'VarSet',
      'DialBegin',
      'Hold',
      'Unhold',
      'DTMFEnd',
      'LocalBridge',
      'BridgeCreate',
      'BridgeEnter',
      'BridgeLeave',
      'BridgeDestroy',
      'Hangup',
      'ParkedCall',
      'ParkedCallSwap',
      'UnParkedCall',
      'ParkedCallTimeOut',
      'ParkedCallGiveUp',
      'ConfbridgeStart',
      'ConfbridgeJoin',
      'ConfbridgeLeave',
      'ConfbridgeMute',
      'ConfbridgeTalking',
      'ConfbridgeEnd',
      'FAXStatus',
      'ReceiveFAX',
      'constructor',
      '__proto__',
      '',
    ];
    const ids = ['1.1', '1.2', '1.3', '1.4', '', '__proto__', 'x'.repeat(200)];
    const texts = [
      '',
      '6',
      '0',
      '4',
      'basic',
      'b1',
      'b2',
      'PJSIP/1001-00000001',
      'PJSIP/é-1',
      'Local/1@d-1;1',
      'Local/1@d-1;2',
      '<unknown>',
      'a.b c',
      '\u0000',
      'x'.repeat(600),
      'RINGDOWN_ACCOUNT_ID',
      'toString',
      ACCOUNT,
    ];
    const fields = [
      'Channel',
      'ChannelState',
      'CallerIDNum',
      'CallerIDName',
      'ConnectedLineNum',
      'Exten',
      'Newname',
      'Variable',
      'Value',
      'DialString',
      'BridgeUniqueid',
      'BridgeType',
      'ParkingSpace',
      'Conference',
      'Admin',
      'Muted',
      'Cause',
      'Digit',
      'Operation',
      'Status',
      'PagesTransferred',
      'ChanVariable',
      'TalkingStatus',
      'Direction',
    ];
    const idFields = [
      'Uniqueid',
      'Linkedid',
      'DestUniqueid',
      'LocalOneUniqueid',
      'LocalTwoUniqueid',
      'ParkeeUniqueid',
      'RetrieverUniqueid',
    ];
    const world = new World();
    for (let step = 0; step < 20_000; step += 1) {
      const made: Record<string, string> = { Event: pick(events) };
      for (const field of idFields) if (random() < 0.7) made[field] = pick(ids);
      for (const field of fields) if (random() < 0.5) made[field] = pick(texts);
      world.state.apply(message(made));
      if (step % 50 === 0) world.later(100);
      for (const draft of world.drafts.splice(0)) encodeEvent(draft);
    }
    expect(world.state.channels().length).toBeLessThanOrEqual(ids.length);
  });
});

/** A switch's state with an account of three telephones, and a clock that each message moves by a second. */
class World {
  readonly drafts: EventDraft[] = [];
  snapshots = 0;
  nowMs = 1_700_000_000_000;
  readonly state: SwitchState;

  constructor() {
    const endpoints = new MemoryEndpointDirectory();
    endpoints.replaceAll(['1001', '1002', '1003'].map(endpointOf));
    this.state = new SwitchState({
      switchId: 'sw1',
      endpoints,
      emit: (draft) => this.drafts.push(draft),
      snapshot: () => {
        this.snapshots += 1;
      },
      clock: () => this.nowMs,
    });
  }

  event(name: string, uniqueid: string, fields: Readonly<Record<string, string>> = {}): void {
    this.state.apply(message({ Event: name, Uniqueid: uniqueid, ...fields }));
  }

  newChannel(uniqueid: string, channel: string, fields: Readonly<Record<string, string>> = {}): void {
    this.event('Newchannel', uniqueid, {
      Channel: channel,
      ChannelState: '4',
      Linkedid: uniqueid,
      Exten: '1002',
      ...fields,
    });
  }

  answeredCall(uniqueid: string, channel: string): void {
    this.newChannel(uniqueid, channel);
    this.event('Newstate', uniqueid, { ChannelState: '6' });
  }

  later(ms: number): void {
    this.nowMs += ms;
    this.state.tick();
  }

  reconcile(
    channels: readonly AmiMessage[],
    ended: readonly string[],
    parked: readonly AmiMessage[] = [],
  ): void {
    const bridges = [message({ Event: 'BridgeListItem', BridgeUniqueid: 'b', BridgeType: 'basic' })];
    const listing = { channels, bridges, parked, rooms: [], variables: new Map() };
    reconcile(this.state, listing, new Set(ended), new Set());
  }

  told(): string[] {
    return this.drafts
      .filter(({ family }) => family === 'call')
      .map(({ name, body }) => {
        const vars = body['custom_channel_vars'] as { username?: string };
        return `${name} ${vars.username ?? '-'} ${String(body['call_direction'])}`;
      });
  }
}

function played(name: string): { told: string[]; drafts: readonly EventDraft[] } {
  const world = new World();
  for (const one of trace(name)) {
    world.state.apply(one);
    world.nowMs += 1_000;
  }
  for (const draft of world.drafts) encodeEvent(draft);
  return { told: world.told(), drafts: world.drafts };
}

function trace(name: string): AmiMessage[] {
  const text = readFileSync(join(__dirname, '../../../test/asterisk-traces', `${name}.txt`), 'utf8');
  return new AmiDecoder().push(Buffer.from(`Asterisk Call Manager/11.0.0\n${text}\n\n`));
}

function row(uniqueid: string, channel: string, fields: Readonly<Record<string, string>> = {}): AmiMessage {
  return message({
    Event: 'CoreShowChannel',
    Uniqueid: uniqueid,
    Linkedid: uniqueid,
    Channel: channel,
    ChannelState: '6',
    Duration: '00:00:10',
    ...fields,
  });
}

function message(fields: Readonly<Record<string, string>>): AmiMessage {
  return new AmiMessage(Object.entries(fields));
}

function endpointOf(username: string, index: number): Endpoint {
  return {
    device_id: `dev${username}`,
    account_id: ACCOUNT,
    account_name: 'acme',
    realm: 'acme.example',
    username,
    owner_id: `own${username}`,
    presence_id: username,
    enabled: true,
    created: index,
  };
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
