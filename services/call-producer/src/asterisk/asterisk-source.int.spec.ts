import type { CallCommand, ChannelState, CommandOutcome, EventDraft } from '@ringdown/contracts';
import type { LogFields, Logger } from '@ringdown/core';
import { onTeardown, waitUntil } from '@ringdown/testing';
import type { CallSourcePorts } from '../domain/call-source';
import { MemoryEndpointDirectory } from '../domain/memory-endpoint-directory';
import { AmiSession, type AmiSessionOptions } from './ami/ami-session';
import { AsteriskSource } from './asterisk-source';
import { FakeAmi, refusal, type Fields } from './testing/fake-ami';

const ACCOUNT = 'a'.repeat(32);
const A = 'pbx-1.1';
const B = 'pbx-1.2';

describe('a session of the manager interface', () => {
  it('proves that it knows the secret without sending it', async () => {
    const ami = await fakeAmi();
    const session = await AmiSession.open(sessionOptions(ami));
    expect(session.isOpen).toBe(true);
    expect(ami.received).not.toContain(ami.secret);
    expect(ami.sent('Login')[0]?.get('events')).toBe('call');
    session.close();
  });

  it('sends the secret to a server that offers no challenge, and to its log never', async () => {
    const ami = await fakeAmi();
    ami.challenges = false;
    const log = memoryLogger();
    const session = await AmiSession.open(sessionOptions(ami, { logger: log.logger }));
    expect(ami.sent('Login')[0]?.get('secret')).toBe(ami.secret);
    expect(log.lines.join('\n')).not.toContain(ami.secret);
    expect(log.lines.join('\n')).toContain('in clear');
    session.close();
  });

  it('tells a refused login without the secret', async () => {
    const ami = await fakeAmi();
    const refused = AmiSession.open(sessionOptions(ami, { password: 'wrong-secret' }));
    await expect(refused).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.not.stringContaining('wrong-secret') as string,
    });
    await waitUntil(() => ami.clients === 0);
  });

  it('does not take something else for an Asterisk', async () => {
    const ami = await fakeAmi();
    ami.greeting = 'SSH-2.0-OpenSSH';
    await expect(AmiSession.open(sessionOptions(ami))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('gives up a server that says nothing', async () => {
    const ami = await fakeAmi();
    ami.on('Challenge', () => undefined);
    const silent = AmiSession.open(sessionOptions(ami, { connectTimeoutMs: 50 }));
    await expect(silent).rejects.toMatchObject({ code: 'timeout' });
    await waitUntil(() => ami.clients === 0);
  });

  it('ends when a ping is not answered', async () => {
    const ami = await fakeAmi();
    ami.on('Ping', () => undefined);
    let reason = '';
    await AmiSession.open(
      sessionOptions(ami, {
        pingIntervalMs: 10,
        actionTimeoutMs: 50,
        onClose: (why) => {
          reason = why;
        },
      }),
    );
    await waitUntil(() => reason !== '');
    expect(reason).toContain('does not answer');
  });

  it('keeps answers apart, gives lists as a whole, and other events to whoever listens', async () => {
    const ami = await fakeAmi();
    const events: string[] = [];
    const session = await AmiSession.open(
      sessionOptions(ami, { onEvent: (message) => events.push(message.event) }),
    );
    ami.on('Getvar', (action) => [{ Response: 'Success', Value: action.get('variable') ?? '' }]);
    ami.list('BridgeList', [{ Event: 'BridgeListItem', BridgeUniqueid: 'x' }]);
    const answers = ['a', 'b', 'c'].map((Variable) => session.action('Getvar', { Variable }));
    const list = session.list('BridgeList');
    ami.event({ Event: 'Hangup' });
    expect((await Promise.all(answers)).map((one) => one.get('Value'))).toEqual(['a', 'b', 'c']);
    expect((await list).map((one) => one.get('BridgeUniqueid'))).toEqual(['x']);
    await waitUntil(() => events.includes('Hangup'));
    await expect(session.list('ConfbridgeListRooms')).rejects.toMatchObject({
      reason: 'No active conferences.',
    });
    session.close();
  });

  it('ends what waits when the connection is cut in the middle of a list', async () => {
    const ami = await fakeAmi();
    const session = await AmiSession.open(sessionOptions(ami));
    ami.on('BridgeList', () => [{ Response: 'Success', EventList: 'start' }, { Event: 'BridgeListItem' }]);
    const list = session.list('BridgeList');
    const failed = expect(list).rejects.toMatchObject({ code: 'unavailable' });
    await waitUntil(() => ami.sent('BridgeList').length > 0);
    ami.cut();
    await failed;
    await expect(session.action('Ping')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the source', () => {
  it('is at problem while the switch is away, comes back by itself, and tells what it missed', async () => {
    const ami = await fakeAmi();
    const world = await started(ami);
    expect(world.source.problem()).toBeUndefined();
    bridgedCall(ami);
    await waitUntil(() => world.names().filter((name) => name === 'CHANNEL_BRIDGE').length === 2);

    world.drafts.length = 0;
    ami.list('CoreShowChannels', [channelRow(A, '1001')]);
    ami.cut();
    await waitUntil(() => world.source.problem() !== undefined);
    await expect(world.run({ name: 'hangup' })).rejects.toMatchObject({ code: 'unavailable' });
    await waitUntil(() => world.source.problem() === undefined);
    expect(world.drafts.map(({ name, body }) => [name, body['call_id'], body['recovered']])).toEqual([
      ['CHANNEL_DESTROY', B, true],
    ]);
    expect(world.snapshots).toBe(2);
    expect(world.log.lines.join('\n')).not.toContain(ami.secret);
  });

  it('starts also when nobody is there', async () => {
    const ami = await fakeAmi();
    const { port } = ami;
    await ami.stop();
    const world = await started({ ...ami, port, secret: 'x' } as unknown as FakeAmi);
    const problem = world.source.problem();
    expect(problem).toContain(`the switch at 127.0.0.1:${port} cannot be reached`);
    expect(problem).not.toContain('no connection');
    await expect(world.run({ name: 'hangup' })).rejects.toMatchObject({
      code: 'unavailable',
      message: 'the switch cannot be reached',
    });
  });

  it('applies what happens during the listing after it', async () => {
    const ami = await fakeAmi();
    ami.on('CoreShowChannels', () => {
      ami.event({ Event: 'Hangup', Uniqueid: A, Cause: '17' });
      ami.event(newChannel(B, '1002'));
      return [
        { Response: 'Success', EventList: 'start' },
        channelRow(A, '1001'),
        { Event: 'CoreShowChannelsComplete', EventList: 'Complete' },
      ];
    });
    const world = await started(ami, [knownChannel(A)]);
    expect(world.drafts.map(({ name, body }) => [name, body['hangup_cause']])).toEqual([
      ['CHANNEL_DESTROY', 'USER_BUSY'],
    ]);
    await waitUntil(() => world.names().includes('CHANNEL_CREATE'));
    expect(world.source.channels().map(({ call_id }) => call_id)).toEqual([B]);
  });

  it('says nothing after its end', async () => {
    const ami = await fakeAmi();
    const world = await started(ami);
    bridgedCall(ami);
    await waitUntil(() => world.names().includes('CHANNEL_BRIDGE'));
    await world.source.stop();
    const told = world.drafts.length;
    ami.event({ Event: 'Hangup', Uniqueid: A, Cause: '16' });
    await waitUntil(() => ami.clients === 0);
    expect(world.drafts).toHaveLength(told);
  });
});

describe('commands', () => {
  it('confirm a hangup by the event it brought about', async () => {
    const world = await withCall();
    world.ami.on('Hangup', (action) => {
      expect(action.get('channel')).toBe('PJSIP/1001-00000001');
      world.ami.event({ Event: 'Hangup', Uniqueid: A, Cause: '16' });
      return [{ Response: 'Success' }];
    });
    expect(await world.run({ name: 'hangup' })).toEqual({
      status: 'confirmed',
      seen: { event: 'CHANNEL_DESTROY', call_id: A },
    });
  });

  it('know no call of another account', async () => {
    const world = await withCall();
    const foreign = world.source.execute('b'.repeat(32), A, { command: { name: 'hangup' } });
    await expect(foreign).rejects.toMatchObject({ code: 'not_found' });
    expect(world.ami.sent('Hangup')).toEqual([]);
  });

  it.each(['99999', '600,1)', '600\r\nAction: Originate', 'a'.repeat(100), '600&700'])(
    'do not transfer to %j, where nothing is',
    async (target) => {
      const world = await withCall();
      world.ami.on('Getvar', () => [{ Response: 'Success', Value: '0' }]);
      const refused = world.run({ name: 'transfer', target, transfer_type: 'blind' });
      await expect(refused).rejects.toMatchObject({
        code: 'validation_failed',
        details: { target: { not_found: { target } } },
      });
      expect(world.ami.sent('BlindTransfer')).toEqual([]);
      expect(world.ami.sent('Originate')).toEqual([]);
    },
  );

  it('transfer the other leg, and name what they do not act on', async () => {
    const world = await withCall();
    world.ami.on('Getvar', () => [{ Response: 'Success', Value: '1' }]);
    world.ami.on('BlindTransfer', (action) => {
      expect(action.get('channel')).toBe('PJSIP/1001-00000001');
      expect(action.get('exten')).toBe('2600');
      world.ami.event({ Event: 'BlindTransfer', Result: 'Success', TransfererUniqueid: A });
      return [{ Response: 'Success' }];
    });
    const outcome = await world.run({
      name: 'transfer',
      target: '2600',
      transfer_type: 'blind',
      takeback_dtmf: '*1',
      moh: 'media',
    });
    expect(outcome).toEqual({
      status: 'confirmed',
      seen: { event: 'BlindTransfer', call_id: B, detail: 'at 2600' },
      ignored: ['moh', 'takeback_dtmf'],
    });
  });

  it('pass a refusal of the switch on', async () => {
    const world = await withCall();
    world.ami.on('Park', () => [refusal('Park action failed')]);
    await expect(world.run({ name: 'park' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('Park action failed') as string,
    });
  });

  it('say accepted when nothing proves them in time', async () => {
    const world = await withCall();
    expect(await world.run({ name: 'park', slot: '705' })).toEqual({ status: 'accepted' });
    expect(world.ami.sent('Setvar')[0]?.get('value')).toBe('705');
  });

  it('put both legs where music is, and back: one hold, one unhold, no second bridge', async () => {
    const world = await withCall();
    const music = (Uniqueid: string, Class: string): Fields => ({
      Event: 'MusicOnHoldStart',
      Uniqueid,
      Class,
      Context: 'ringdown-commands',
    });
    world.ami.on('Redirect', () => {
      world.ami.event({ Event: 'BridgeLeave', BridgeUniqueid: 'b1', Uniqueid: A });
      world.ami.event({ Event: 'BridgeLeave', BridgeUniqueid: 'b1', Uniqueid: B });
      world.ami.event(music(A, 'jazz'));
      world.ami.event(music(B, 'default'));
      return [{ Response: 'Success' }];
    });
    world.ami.on('Bridge', () => {
      for (const Uniqueid of [A, B]) {
        world.ami.event({ Event: 'BridgeEnter', BridgeUniqueid: 'b2', BridgeType: 'basic', Uniqueid });
      }
      return [{ Response: 'Success' }];
    });
    const held = await world.run({ name: 'hold', unhold_key: '1', moh_aleg: 'jazz', moh_bleg: 'unknown' });
    expect(held).toMatchObject({ status: 'confirmed', ignored: ['moh_bleg'] });
    expect(world.source.channels()[0]).toMatchObject({ on_hold: true, other_leg_call_id: B });
    await expect(world.run({ name: 'hold', unhold_key: '1' })).rejects.toMatchObject({ code: 'conflict' });

    world.ami.event({ Event: 'DTMFEnd', Uniqueid: A, Digit: '1', Direction: 'Received' });
    await waitUntil(() => world.names().includes('CHANNEL_UNHOLD'));
    expect(world.names().slice(6)).toEqual(['CHANNEL_HOLD', 'CHANNEL_UNHOLD']);
    await expect(world.run({ name: 'resume' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('run the child of a flow that the digit names', async () => {
    const world = await withCall();
    await world.source.execute(ACCOUNT, A, {
      command: { name: 'record_call', action: 'start' },
      children: { '5': { command: { name: 'hangup' } } },
    });
    world.ami.event({ Event: 'DTMFEnd', Uniqueid: A, Digit: '4', Direction: 'Received' });
    world.ami.event({ Event: 'DTMFEnd', Uniqueid: A, Digit: '5', Direction: 'Received' });
    await waitUntil(() => world.ami.sent('Hangup').length === 1);
  });

  it('need the helper context for some things only, and say so when it cannot be had', async () => {
    const ami = await fakeAmi();
    ami.on('DialplanExtensionAdd', () => [refusal('Permission denied')]);
    const world = await withCall(ami);
    await expect(world.run({ name: 'play', id: 'hello', leg: 'both' })).rejects.toMatchObject({
      code: 'not_implemented',
      message: expect.stringContaining('ringdown-commands') as string,
    });
    expect(world.log.lines.join('\n')).toContain('ringdown-commands');
  });

  it.each(['../../etc/passwd', '/etc/passwd', 'a,b', 'a&b', 'a|b', '${EVAL(x)}'])(
    'do not play %j',
    async (id) => {
      const world = await withCall();
      await expect(world.run({ name: 'play', id, leg: 'both' })).rejects.toMatchObject({
        details: { id: { not_found: {} } },
      });
      expect(world.ami.sent('Originate')).toEqual([]);
    },
  );
});

interface World {
  readonly ami: FakeAmi;
  readonly source: AsteriskSource;
  readonly drafts: EventDraft[];
  readonly log: { readonly lines: string[] };
  readonly snapshots: number;
  names(): string[];
  run(command: CallCommand): Promise<CommandOutcome>;
}

async function started(ami: FakeAmi, known: readonly ChannelState[] = []): Promise<World> {
  const drafts: EventDraft[] = [];
  const log = memoryLogger();
  let snapshots = 0;
  const endpoints = new MemoryEndpointDirectory();
  endpoints.replaceAll(
    ['1001', '1002'].map((username, created) => ({
      device_id: `dev${username}`,
      account_id: ACCOUNT,
      account_name: 'acme',
      username,
      enabled: true,
      created,
    })),
  );
  const ports: CallSourcePorts = {
    emit: (draft) => drafts.push(draft),
    snapshot: () => {
      snapshots += 1;
    },
    known,
    endpoints,
  };
  const options = {
    switchId: 'sw1',
    host: '127.0.0.1',
    port: ami.port,
    username: 'ringdown',
    password: ami.secret,
    context: 'default',
    clock: Date.now,
    retryMs: 20,
  };
  const source = new AsteriskSource(options, ports, log.logger);
  onTeardown(() => source.stop());
  await source.start();
  return {
    ami,
    source,
    drafts,
    log,
    get snapshots() {
      return snapshots;
    },
    names: () => drafts.map(({ name }) => name),
    run: (command) => source.execute(ACCOUNT, A, { command }),
  };
}

async function withCall(given?: FakeAmi): Promise<World> {
  const ami = given ?? (await fakeAmi());
  const world = await started(ami);
  bridgedCall(ami);
  await waitUntil(() => world.names().filter((name) => name === 'CHANNEL_BRIDGE').length === 2);
  return world;
}

/** 1001 calls 1002 and they talk. */
function bridgedCall(ami: FakeAmi): void {
  ami.event(newChannel(A, '1001'));
  ami.event({ ...newChannel(B, '1002'), ChannelState: '0', Linkedid: A });
  for (const Uniqueid of [B, A]) ami.event({ Event: 'Newstate', Uniqueid, ChannelState: '6' });
  for (const Uniqueid of [B, A]) {
    ami.event({ Event: 'BridgeEnter', BridgeUniqueid: 'b1', BridgeType: 'basic', Uniqueid });
  }
}

function newChannel(uniqueid: string, username: string): Fields {
  return {
    Event: 'Newchannel',
    Channel: `PJSIP/${username}-00000001`,
    ChannelState: '4',
    Exten: '1002',
    Uniqueid: uniqueid,
    Linkedid: uniqueid,
  };
}

function channelRow(uniqueid: string, username: string): Fields {
  return {
    Event: 'CoreShowChannel',
    Channel: `PJSIP/${username}-00000001`,
    ChannelState: '6',
    Uniqueid: uniqueid,
    Linkedid: uniqueid,
    Duration: '00:00:10',
  };
}

function knownChannel(callId: string): ChannelState {
  return { call_id: callId, account_id: ACCOUNT, answered: true, on_hold: false, created: 63_890_000_000 };
}

async function fakeAmi(): Promise<FakeAmi> {
  const ami = await FakeAmi.start();
  onTeardown(() => ami.stop());
  return ami;
}

function sessionOptions(ami: FakeAmi, more: Partial<AmiSessionOptions> = {}): AmiSessionOptions {
  return {
    host: '127.0.0.1',
    port: ami.port,
    username: 'ringdown',
    password: ami.secret,
    eventMask: 'call',
    logger: memoryLogger().logger,
    onEvent: () => undefined,
    onClose: () => undefined,
    ...more,
  };
}

function memoryLogger(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (message: string, fields?: LogFields): void => {
    lines.push(`${message} ${JSON.stringify(fields ?? {})}`);
  };
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  return { logger, lines };
}
