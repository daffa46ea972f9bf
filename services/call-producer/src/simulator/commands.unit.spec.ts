import type { CallCommand, CallFlow, ChannelState } from '@ringdown/contracts';
import type { CallSource } from '../domain/call-source';
import { MemoryDocuments, ROOT } from '../testing/memory-documents';
import { startSimulator, type StartedSimulator } from '../testing/start-simulator';

const UNKNOWN = 'f'.repeat(32);

describe('commands on simulated calls', () => {
  let simulator: StartedSimulator;
  let source: CallSource;

  beforeEach(async () => {
    jest.useFakeTimers({ now: 1_763_700_000_000 });
    simulator = await startSimulator({ maxCalls: 2 });
    source = simulator.source;
    await simulator.pass(3_000);
  });

  afterEach(async () => {
    await source.stop();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  /** The leg of the staff in the long call. */
  function staffLeg(): ChannelState {
    const bridged = source
      .channels()
      .filter((it) => it.other_leg_call_id !== undefined && it.authorizing_type === 'device');
    const oldest = bridged[0];
    if (oldest === undefined) throw new Error('nobody talks');
    return oldest;
  }

  const stateOf = (callId: string | undefined): ChannelState | undefined =>
    source.channels().find((it) => it.call_id === callId);

  async function run(
    callId: string,
    command: CallCommand,
    children?: CallFlow['children'],
  ): Promise<unknown> {
    const outcome = source.execute(ROOT, callId, { command, children });
    const settled = outcome.catch((error: unknown) => error);
    await simulator.pass(2_900);
    return settled;
  }

  const namesOf = (callId: string): readonly string[] =>
    simulator.events.filter(({ body }) => body['call_id'] === callId).map(({ name }) => name);

  it('hangs up: both legs end, and the proof is the event', async () => {
    const leg = staffLeg();
    expect(await run(leg.call_id, { name: 'hangup' })).toEqual({
      status: 'confirmed',
      seen: { event: 'CHANNEL_DESTROY', call_id: leg.call_id },
    });
    expect(namesOf(leg.call_id).at(-1)).toBe('CHANNEL_DESTROY');
    expect(stateOf(leg.other_leg_call_id)).toBeUndefined();
  });

  it('knows no calls of other accounts, and none that ended', async () => {
    const leg = staffLeg();
    await expect(
      source.execute('b'.repeat(32), leg.call_id, { command: { name: 'hangup' } }),
    ).rejects.toMatchObject({ code: 'not_found' });
    await run(leg.call_id, { name: 'hangup' });
    expect(await run(leg.call_id, { name: 'hangup' })).toMatchObject({ code: 'not_found' });
  });

  describe('transfer', () => {
    const blind = (target: string): CallCommand => ({ name: 'transfer', target, transfer_type: 'blind' });

    it('blind: the other leg reaches the target, this one leaves', async () => {
      const leg = staffLeg();
      const other = leg.other_leg_call_id ?? '';
      expect(await run(leg.call_id, blind('1002'))).toMatchObject({
        status: 'confirmed',
        seen: { event: 'CHANNEL_BRIDGE', call_id: other },
      });
      expect(stateOf(leg.call_id)).toBeUndefined();
      const target = stateOf(stateOf(other)?.other_leg_call_id);
      expect(target).toMatchObject({ username: 'demo_1002', answered: true, direction: 'outbound' });
    });

    it('to 2600 as in the documentation, and names what it ignores', async () => {
      const leg = staffLeg();
      const outcome = await run(leg.call_id, {
        name: 'transfer',
        target: '2600',
        transfer_type: 'blind',
        takeback_dtmf: '*1',
        moh: 'media_id',
      });
      expect(outcome).toMatchObject({ status: 'confirmed', ignored: ['takeback_dtmf', 'moh'] });
      expect(stateOf(leg.call_id)).toBeUndefined();
      expect(stateOf(leg.other_leg_call_id)?.other_leg_call_id).toBeUndefined();
    });

    it('attended: hold, call, join', async () => {
      const leg = staffLeg();
      const other = leg.other_leg_call_id ?? '';
      const outcome = await run(leg.call_id, {
        name: 'transfer',
        target: '+15550123456',
        transfer_type: 'attended',
        moh: 'hold_music',
      });
      expect(outcome).toEqual({ status: 'confirmed', seen: { event: 'CHANNEL_BRIDGE', call_id: other } });
      expect(namesOf(leg.call_id).slice(-3)).toEqual(['CHANNEL_HOLD', 'CHANNEL_UNHOLD', 'CHANNEL_DESTROY']);
      expect(stateOf(other)).toMatchObject({ on_hold: false, answered: true });
    });

    it('to nobody: says so and changes nothing', async () => {
      const leg = staffLeg();
      expect(await run(leg.call_id, blind('4711'))).toMatchObject({
        code: 'validation_failed',
        details: { target: { not_found: { target: '4711' } } },
      });
      expect(stateOf(leg.call_id)?.other_leg_call_id).toBe(leg.other_leg_call_id);
    });

    it('to a callflow somebody made', async () => {
      await simulator.documents.create({ accountId: ROOT, type: 'callflow' }, { numbers: ['4711'] });
      const leg = staffLeg();
      expect(await run(leg.call_id, blind('4711'))).toMatchObject({ status: 'confirmed' });
    });

    it('into a conference', async () => {
      const leg = staffLeg();
      expect(await run(leg.call_id, blind('3000'))).toMatchObject({
        seen: { event: 'add-member', call_id: leg.other_leg_call_id, detail: '3000' },
      });
      expect(source.findConference(ROOT, '3000')?.participants).toHaveLength(1);
      expect(source.findConference('other', '3000')).toBeUndefined();
    });

    it('of a leg that talks to nobody is refused', async () => {
      const leg = staffLeg();
      await run(leg.call_id, blind('2600'));
      expect(await run(leg.other_leg_call_id ?? '', blind('1001'))).toMatchObject({
        code: 'validation_failed',
        details: { other_leg_call_id: { required: { message: 'Channel is not bridged' } } },
      });
    });
  });

  it('holds and resumes, and refuses what is so already', async () => {
    const { call_id: callId } = staffLeg();
    expect(await run(callId, { name: 'hold', unhold_key: '1' })).toMatchObject({
      seen: { event: 'CHANNEL_HOLD' },
      ignored: ['unhold_key'],
    });
    expect(stateOf(callId)?.on_hold).toBe(true);
    expect(await run(callId, { name: 'hold_control', action: 'hold' })).toMatchObject({ code: 'conflict' });
    expect(await run(callId, { name: 'hold_control', action: 'toggle' })).toMatchObject({
      seen: { event: 'CHANNEL_UNHOLD' },
    });
    expect(await run(callId, { name: 'resume' })).toMatchObject({ code: 'conflict' });
  });

  it('parks in the wanted slot, from where the call is retrieved by dialling it', async () => {
    const leg = staffLeg();
    expect(await run(leg.other_leg_call_id ?? '', { name: 'park', slot: '415' })).toMatchObject({
      seen: { event: 'PARK_PARKED', detail: '415' },
    });
    expect(stateOf(leg.call_id)).toBeUndefined();
    expect(stateOf(leg.other_leg_call_id)).toMatchObject({ parking_slot: '415' });
    expect(await run(leg.other_leg_call_id ?? '', { name: 'park' })).toMatchObject({ code: 'conflict' });

    const second = staffLeg();
    expect(await run(second.call_id, { name: 'park', slot: '415' })).toMatchObject({ code: 'conflict' });
    expect(
      await run(second.call_id, { name: 'transfer', target: '415', transfer_type: 'blind' }),
    ).toMatchObject({ seen: { event: 'PARK_RETRIEVED', call_id: leg.other_leg_call_id } });
    expect(stateOf(leg.other_leg_call_id)).not.toHaveProperty('parking_slot');
  });

  it('brings a forgotten call back to who parked it, marked as a timeout', async () => {
    const leg = staffLeg();
    await run(leg.other_leg_call_id ?? '', { name: 'park' });
    await simulator.pass(50_000);
    const back = simulator.events.find(
      ({ name, body }) => name === 'PARK_RETRIEVED' && body['call_id'] === leg.other_leg_call_id,
    );
    expect(back?.body).toMatchObject({ reason: 'timeout', parking_slot: '401' });
  });

  it('plays known media only, and can break it off', async () => {
    const { call_id: callId } = staffLeg();
    expect(await run(callId, { name: 'play', id: 'hello-world', leg: 'both' })).toMatchObject({
      seen: { event: 'playback_finished', detail: 'hello-world' },
    });
    expect(await run(callId, { name: 'play', id: UNKNOWN, leg: 'self' })).toMatchObject({
      code: 'validation_failed',
      details: { id: { not_found: {} } },
    });
    expect(await run(callId, { name: 'break' })).toMatchObject({ code: 'conflict' });
    const media = await simulator.documents.create({ accountId: ROOT, type: 'media' }, { name: 'mine' });
    const playing = source.execute(ROOT, callId, { command: { name: 'play', id: media, leg: 'peer' } });
    await simulator.pass(500);
    expect(await run(staffLeg().other_leg_call_id ?? '', { name: 'break' })).toMatchObject({
      status: 'confirmed',
    });
    expect(await playing).toMatchObject({ seen: { call_id: staffLeg().other_leg_call_id } });
  });

  it('records, keeps the recording as a document, and ends at the limit', async () => {
    const { call_id: callId } = staffLeg();
    const record = (action: 'start' | 'stop' | 'toggle' | 'mask', limit?: number): Promise<unknown> =>
      run(callId, { name: 'record_call', action, ...(limit === undefined ? {} : { time_limit: limit }) });
    expect(await record('mask')).toMatchObject({ code: 'conflict' });
    expect(await record('start')).toMatchObject({ seen: { event: 'recording_started' } });
    expect(await record('start')).toMatchObject({ code: 'conflict' });
    expect(await record('toggle')).toMatchObject({ seen: { event: 'recording_stopped' } });
    expect(
      simulator.documents.ofType('call_recording').filter(({ call_id: id }) => id === callId),
    ).toMatchObject([{ duration: 6, simulated_by: 'sim' }]);
    expect(await record('toggle', 5)).toMatchObject({ seen: { event: 'recording_started' } });
    await simulator.pass(5_000);
    expect(await record('stop')).toMatchObject({ code: 'conflict' });
  });

  it('lets somebody else pick the call up', async () => {
    const leg = staffLeg();
    const caller = leg.other_leg_call_id ?? '';
    const bob = simulator.documents.ofType('device').find(({ name }) => String(name).startsWith('Bob'));
    const ann = simulator.documents.ofType('user').find(({ username }) => username === 'ann.demo');
    const intercept = (type: 'device' | 'user' | 'number', id: string, unbridged = false): Promise<unknown> =>
      run(caller, { name: 'intercept', target_type: type, target_id: id, unbridged_only: unbridged });

    expect(await intercept('device', bob?.id ?? '', true)).toMatchObject({ code: 'conflict' });
    expect(await intercept('device', UNKNOWN)).toMatchObject({ details: { target_id: { not_found: {} } } });
    expect(await intercept('device', bob?.id ?? '')).toMatchObject({ seen: { event: 'CHANNEL_BRIDGE' } });
    expect(stateOf(leg.call_id)).toBeUndefined();
    expect(stateOf(stateOf(caller)?.other_leg_call_id)).toMatchObject({ username: 'demo_1002' });
    expect(await intercept('user', ann?.id ?? '')).toMatchObject({ status: 'confirmed' });
    expect(stateOf(stateOf(caller)?.other_leg_call_id)).toMatchObject({ username: 'demo_1001' });
    expect(await intercept('number', '1002')).toMatchObject({ status: 'confirmed' });
    expect(await intercept('number', '2600')).toMatchObject({ code: 'validation_failed' });
  });

  it('moves a conversation to another device', async () => {
    const leg = staffLeg();
    const bob = simulator.documents.ofType('device').find(({ name }) => String(name).startsWith('Bob'));
    const move = (deviceId?: string): Promise<unknown> =>
      run(staffLeg().call_id, {
        name: 'move',
        auto_answer: true,
        can_call_self: false,
        dial_strategy: 'simultaneous',
        ...(deviceId === undefined ? {} : { device_id: deviceId }),
      });
    expect(await move(UNKNOWN)).toMatchObject({ details: { device_id: { not_found: {} } } });
    expect(await move()).toMatchObject({ code: 'conflict' });
    expect(await move(bob?.id)).toMatchObject({ seen: { event: 'CHANNEL_BRIDGE' } });
    expect(stateOf(leg.call_id)).toBeUndefined();
    expect(stateOf(stateOf(leg.other_leg_call_id)?.other_leg_call_id)).toMatchObject({
      authorizing_id: bob?.id,
    });
  });

  it('sends a call into a callflow by its extension', async () => {
    const leg = staffLeg();
    const outcome = await run(leg.other_leg_call_id ?? '', {
      name: 'callflow',
      id: UNKNOWN,
      extension: '5000',
      captures: [],
    });
    expect(outcome).toMatchObject({ status: 'confirmed', ignored: ['captures'] });
    expect(stateOf(leg.call_id)).toBeUndefined();
    expect(stateOf(leg.other_leg_call_id)).toBeDefined();
  });

  it('obeys a conference: participants, the lock, sounds', async () => {
    const leg = staffLeg();
    await run(leg.call_id, { name: 'transfer', target: '3003', transfer_type: 'blind' });
    const command = async (
      action: 'kick' | 'mute' | 'unmute' | 'lock' | 'play',
      more = {},
    ): Promise<unknown> => {
      const outcome = source
        .commandConference({ account_id: ROOT, conference_id: '3003', action, ...more })
        .catch((error: unknown) => error);
      await simulator.pass(2_000);
      return outcome;
    };
    const member = (): unknown => source.findConference(ROOT, '3003');
    expect(await command('mute', { participant_id: 1 })).toMatchObject({ seen: { event: 'mute-member' } });
    expect(await command('mute')).toMatchObject({ seen: { detail: 'muted already' } });
    expect(await command('lock')).toMatchObject({ status: 'confirmed', seen: { event: 'lock' } });
    expect(member()).toMatchObject({ locked: true, participants: [{ participant_id: 1, muted: true }] });
    expect(
      await run(staffLeg().call_id, { name: 'transfer', target: '3003', transfer_type: 'blind' }),
    ).toMatchObject({ code: 'conflict' });
    expect(await command('mute', { participant_id: 9 })).toMatchObject({ code: 'not_found' });
    expect(await command('play', { media_id: 'beep' })).toMatchObject({
      seen: { event: 'playback_finished' },
    });
    expect(await command('play', { media_id: UNKNOWN })).toMatchObject({ code: 'validation_failed' });
    expect(await command('kick')).toMatchObject({ seen: { event: 'del-member' } });
    expect(member()).toBeUndefined();
    expect(await command('kick')).toMatchObject({ code: 'not_found' });
  });

  it('answers a command whose call ends before it took effect', async () => {
    const leg = staffLeg();
    const transfer = source.execute(ROOT, leg.call_id, {
      command: { name: 'transfer', target: '1002', transfer_type: 'attended' },
    });
    const failed = expect(transfer).rejects.toMatchObject({ code: 'not_found' });
    await simulator.pass(300);
    await run(leg.other_leg_call_id ?? '', { name: 'hangup' });
    await failed;
  });

  it('leaves nobody behind when the target of a transfer hangs up instead of answering', async () => {
    const leg = staffLeg();
    const other = leg.other_leg_call_id ?? '';
    const transfer = source.execute(ROOT, leg.call_id, {
      command: { name: 'transfer', target: '1002', transfer_type: 'blind' },
    });
    const failed = expect(transfer).rejects.toMatchObject({ code: 'not_found' });
    await simulator.pass(300);
    const ringing = source
      .channels()
      .find((it) => it.interaction_id === leg.interaction_id && it.direction === 'outbound');
    await run(ringing?.call_id ?? '', { name: 'hangup' });
    await failed;
    expect(namesOf(other).at(-1)).toBe('CHANNEL_DESTROY');
  });

  it('has ended every call half an hour after the last command', async () => {
    const roomy = await startSimulator({ maxCalls: 8 });
    await roomy.pass(5_000);
    const legs: string[] = [];
    for (const target of ['2600', '1002', '9196', '3001', '+15550111']) {
      const leg = roomy.source.channels().find((it) => it.other_leg_call_id !== undefined);
      legs.push(leg?.call_id ?? '', leg?.other_leg_call_id ?? '');
      const transfer = roomy.source.execute(ROOT, leg?.call_id ?? '', {
        command: { name: 'transfer', target, transfer_type: 'blind' },
      });
      await roomy.pass(10_000);
      await transfer;
    }
    await roomy.pass(30 * 60_000);
    const left = new Set(roomy.source.channels().map((it) => it.call_id));
    expect(legs.filter((callId) => left.has(callId))).toEqual([]);
    await roomy.source.stop();
  });

  it('follows a flow while its people press digits, which they rarely do', async () => {
    const documents = new MemoryDocuments();
    let pressed = 0;
    for (let seed = 0; seed < 12 && pressed === 0; seed += 1) {
      const other = await startSimulator({ seed, maxCalls: 1, documents });
      await other.pass(20_000);
      const leg = other.source.channels().find((it) => it.other_leg_call_id !== undefined);
      if (leg !== undefined) {
        await other.source.execute(ROOT, leg.call_id, {
          command: { name: 'record_call', action: 'start' },
          children: { _: { command: { name: 'hangup' } } },
        });
        await other.pass(25_000);
        const end = other.events.find(
          ({ name, body }) => name === 'CHANNEL_DESTROY' && body['call_id'] === leg.call_id,
        );
        if (end !== undefined) pressed += 1;
      }
      await other.source.stop();
    }
    expect(pressed).toBeGreaterThan(0);
  });
});
