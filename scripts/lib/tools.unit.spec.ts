import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from './api-client.mjs';
import { bridgedCallIn } from './bridged-call.mjs';
import { configurationPage } from './configuration-page.mjs';
import { bodyFromFields, exchangeOf, parseBody } from './event-fields.mjs';
import { ALL_BINDINGS, completeBindings, eventLine, gapLine } from './event-lines.mjs';
import { prefixLines } from './prefix-lines.mjs';
import { resetDataDir } from './reset-data-dir.mjs';
import { inCompose } from './surroundings.mjs';
import { publicUrlOf, socketUrlsOf, targetOf } from './target.mjs';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ringdown-tools-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('targetOf', () => {
  it('is what npm start uses when nothing is said', () => {
    writeFileSync(join(folder, 'bootstrap-password'), 'pass word\n');

    expect(targetOf({}, { RINGDOWN_DATA_DIR: folder })).toEqual({
      url: 'http://127.0.0.1:8000',
      accountName: 'demo',
      username: 'admin',
      password: 'pass word',
    });
  });

  it('prefers options to the environment, and the environment to defaults', () => {
    writeFileSync(join(folder, 'a'), 'of the option');
    writeFileSync(join(folder, 'b'), 'of the environment');
    const env = {
      RINGDOWN_URL: 'http://one:1/',
      RINGDOWN_USER: 'one',
      RINGDOWN_ACCOUNT: 'first',
      RINGDOWN_PASSWORD_FILE: join(folder, 'b'),
    };

    expect(targetOf({}, env)).toEqual({
      url: 'http://one:1',
      accountName: 'first',
      username: 'one',
      password: 'of the environment',
    });
    const values = {
      url: 'https://two',
      user: 'two',
      account: 'second',
      'password-file': join(folder, 'a'),
    };
    expect(targetOf(values, env)).toEqual({
      url: 'https://two',
      accountName: 'second',
      username: 'two',
      password: 'of the option',
    });
  });

  it('follows the settings that npm start was given', () => {
    const env = {
      RINGDOWN_API_PORT: '8100',
      RINGDOWN_BOOTSTRAP_USERNAME: 'root',
      RINGDOWN_BOOTSTRAP_PASSWORD: 'secret word',
    };

    expect(targetOf({}, env)).toMatchObject({
      url: 'http://127.0.0.1:8100',
      username: 'root',
      password: 'secret word',
    });
  });

  it('says what to do without a password', () => {
    expect(() => targetOf({}, { RINGDOWN_DATA_DIR: folder })).toThrow('Start Ringdown first');
  });

  it('tells people the address that they reach, not the one inside of a container', () => {
    const inside = targetOf({ url: 'http://edge:8000' }, { RINGDOWN_BOOTSTRAP_PASSWORD: 'x' });

    expect(publicUrlOf(inside, { RINGDOWN_PUBLIC_URL: 'http://localhost:8001' })).toBe(
      'http://localhost:8001',
    );
    expect(publicUrlOf(inside, {})).toBe('http://edge:8000');
  });

  it('refuses what is no URL', () => {
    expect(() => targetOf({ url: 'here' }, {})).toThrow('here is not an http');
  });

  it('looks for the socket beside REST, then on the port of a gateway', () => {
    expect(socketUrlsOf('https://host:1', {})).toEqual(['wss://host:1/ws', 'wss://host:5555/']);
    expect(socketUrlsOf('http://host:1', { RINGDOWN_WS_PORT: '7' })[1]).toBe('ws://host:7/');
  });
});

describe('a login that does not work', () => {
  const target = { url: 'http://host:1', accountName: 'demo', username: 'admin', password: 'of yesterday' };
  const login = () => new ApiClient(target).login();

  afterEach(() => {
    jest.restoreAllMocks();
    inCompose(false);
  });

  it('says how the tools learn the present password, in the repository and in a container', async () => {
    jest
      .spyOn(global, 'fetch')
      .mockImplementation(() => Promise.resolve(new Response('{}', { status: 401 })));

    await expect(login()).rejects.toThrow(
      'does not take the password that the tools have for admin of demo. If it was changed, give the tools the present one with --password-file',
    );
    inCompose();
    await expect(login()).rejects.toThrow('docker compose run --rm -T init set login < FILE');
  });

  it('says where to look when nothing answers', async () => {
    jest.spyOn(global, 'fetch').mockRejectedValue(new TypeError('fetch failed'));

    await expect(login()).rejects.toThrow('Is Ringdown running? --url names another place.');
    inCompose();
    await expect(login()).rejects.toThrow('docker compose ps shows what is');
  });
});

describe('the call whose id npm run env prints', () => {
  const call = {
    uuid: 'a@10.0.0.1',
    other_leg: 'b@10.0.0.1',
    timestamp: 10,
    authorizing_type: 'device',
    authorizing_id: 'd1',
    owner_id: 'u1',
  };

  it('is the oldest that is bridged, with its device and its user', () => {
    const newer = { ...call, uuid: 'c', timestamp: 11, authorizing_id: 'd2', owner_id: 'u2' };
    const alone = { ...call, uuid: 'e', timestamp: 1, other_leg: undefined };

    expect(bridgedCallIn([newer, alone, call])).toEqual({ uuid: call.uuid, deviceId: 'd1', userId: 'u1' });
    expect(bridgedCallIn([])).toBeUndefined();
  });

  it.each([
    { owner_id: undefined },
    { authorizing_type: 'resource' },
    { uuid: '$(reboot)' },
    { uuid: 'a b' },
    { authorizing_id: '*' },
  ])('is none with %j', (faulty) => expect(bridgedCallIn([{ ...call, ...faulty }])).toBeUndefined());
});

describe('the body of an event from name=value words', () => {
  it('nests by dots and takes JSON values for what they are', () => {
    const fields = ['caller_id_name=Roger Penrose', 'a.b=1', 'a.c=true', 'list=[1]', 'x=y=z', 'empty='];

    expect(bodyFromFields(fields)).toEqual({
      caller_id_name: 'Roger Penrose',
      a: { b: 1, c: true },
      list: [1],
      x: 'y=z',
      empty: '',
    });
  });

  it.each(['novalue', '=x', 'a..b=1', '__proto__.x=1'])('refuses %s', (field) => {
    expect(() => bodyFromFields([field])).toThrow(field);
  });

  it('refuses a name below a value', () => {
    expect(() => bodyFromFields(['a=1', 'a.b=2'])).toThrow('already has a value');
  });

  it('takes an object only from JSON', () => {
    expect(parseBody('{"a":1}', 'x')).toEqual({ a: 1 });
    expect(() => parseBody('[1]', 'event.json')).toThrow('event.json must be a JSON object');
    expect(() => parseBody('{', 'event.json')).toThrow('event.json is not JSON');
  });

  it('knows the exchange by the first word of the key', () => {
    expect(exchangeOf('call.CHANNEL_CREATE.a.b')).toBe('call');
    expect(() => exchangeOf('call')).toThrow('FAMILY.NAME.ID');
    expect(() => exchangeOf('control.token_revoked.x')).toThrow('FAMILY.NAME.ID');
  });
});

describe('completeBindings', () => {
  it.each([
    ['call', ['call.*.*']],
    ['call.CHANNEL_CREATE', ['call.CHANNEL_CREATE.*']],
    ['call.CHANNEL_CREATE.a.b', ['call.CHANNEL_CREATE.a.b']],
    ['object.doc_created.user', ['object.doc_created.user']],
    ['fax', ['fax.status.*', 'fax.object.*']],
    ['fax.status', ['fax.status.*']],
    ['conference', ['conference.event.*.*.*']],
    ['conference.command.c1', ['conference.command.c1']],
    ['nonsense', ['nonsense']],
  ])('%s means %j', (text, expected) => expect(completeBindings(text)).toEqual(expected));

  it('leaves complete bindings alone', () => {
    expect(ALL_BINDINGS.flatMap(completeBindings)).toEqual(ALL_BINDINGS);
  });
});

describe('the lines of npm run tail', () => {
  const time = new Date(2026, 0, 2, 3, 4, 5);
  const frame = {
    name: 'doc_created',
    routing_key: 'object.doc_created.user',
    data: { id: 'u1', text: 'x\u001b' },
  };

  it('show time, name, key and data on one line that cannot steer the terminal', () => {
    const line = eventLine({ ...frame, name: 'a\u001b[2J' }, { time });

    expect(line).toContain('03:04:05');
    expect(line).toContain('object.doc_created.user');
    expect(line).toContain('"id":"u1"');
    expect(line).not.toContain('\u001b');
  });

  it.each([
    [{ name: 'event', data: { event: 'add-member' } }, 'add-member'],
    [{ name: 'status', data: { fax_state: 'receive' } }, 'receive'],
    [{ name: 'event', data: {} }, 'event'],
    [{ name: 'status', data: null }, 'status'],
  ])('say what happened where the name does not: %j', (members, kind) => {
    expect(eventLine({ ...frame, ...members }, { time }).split(' ')[1]).toBe(kind);
  });

  it('fit the terminal', () => {
    expect(eventLine({ ...frame, data: { text: 'x'.repeat(500) } }, { time, width: 120 })).toHaveLength(120);
  });

  it('tell of a gap', () => {
    expect(gapLine({ since: 63_000_000_000, reason: 'reconnect' }, time)).toContain('events may be missing');
  });
});

describe('resetDataDir', () => {
  const released = { release: () => Promise.resolve() };
  const lock = () => Promise.resolve(released);
  const yes = () => Promise.resolve(true);

  it('deletes what npm start keeps', async () => {
    const directory = join(folder, 'data');
    mkdirSync(join(directory, 'database'), { recursive: true });
    writeFileSync(join(directory, 'auth-secret'), '');

    expect(await resetDataDir(directory, yes, lock)).toBe('deleted');
    expect(await resetDataDir(directory, yes, lock)).toBe('absent');
  });

  it('keeps everything when the answer is no', async () => {
    writeFileSync(join(folder, 'auth-secret'), '');

    expect(await resetDataDir(folder, () => Promise.resolve(false), lock)).toBe('kept');
    expect(await resetDataDir(folder, yes, lock)).toBe('deleted');
  });

  it('refuses while a process holds the folder, without asking', async () => {
    const ask = jest.fn(yes);
    const held = () => Promise.reject(new Error('in use by process 7'));

    await expect(resetDataDir(folder, ask, held)).rejects.toThrow('in use by process 7');
    expect(ask).not.toHaveBeenCalled();
  });

  it('refuses a folder with anything else in it', async () => {
    writeFileSync(join(folder, 'thesis.tex'), '');

    await expect(resetDataDir(folder, yes, lock)).rejects.toThrow('thesis.tex, which is not ours');
  });
});

describe('prefixLines', () => {
  it('prefixes whole lines, however they arrive', async () => {
    const stream = prefixLines('build');
    stream.write('one\ntw');
    stream.write('o\r\n');
    stream.end('three');

    const parts: string[] = [];
    for await (const part of stream) parts.push(String(part));

    expect(parts.join('')).toBe('build    | one\nbuild    | two\nbuild    | three\n');
  });
});

describe('configurationPage', () => {
  it('has a row for every setting, also for one of no known area', () => {
    const setting = {
      variable: 'RINGDOWN_ODD_ONE',
      doc: 'Does a|b.',
      expects: 'a text',
      default: '`x`',
      scope: 'instance',
      secret: true,
      usedBy: ['all'],
    };

    const settings = [setting, { ...setting, variable: 'RINGDOWN_WS_PORT' }];
    const page = configurationPage(settings, ['URL'], ['FRONT_SUBNET']);

    expect(page).toContain('| `RINGDOWN_ODD_ONE` | `x` | a text (secret) | Does a\\|b. | instance | all |');
    expect(page.match(/RINGDOWN_WS_PORT/g)).toHaveLength(1);
    expect(page).toContain('`RINGDOWN_URL`');
    expect(page).toContain('`RINGDOWN_FRONT_SUBNET`');
  });
});
