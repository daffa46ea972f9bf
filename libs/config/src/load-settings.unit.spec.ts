import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { describeSettings, loadSettings, printableSettings, withSettings, type Environment } from './index';

const SECRET = 's'.repeat(32);

function problemsOf(env: Environment): string {
  try {
    loadSettings(env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('loadSettings', () => {
  it('gives every setting its default in an empty environment', () => {
    const settings = loadSettings({});

    expect(settings).toMatchObject({
      host: '127.0.0.1',
      apiPort: 8000,
      wsPort: 5555,
      opsPort: 9100,
      amqpUrls: undefined,
      databaseUrl: undefined,
      authSecrets: undefined,
      logLevel: 'info',
      logFormat: 'pretty',
      logEvents: false,
      trustProxy: [],
      authTokenTtlS: 3600,
      wsMaxQueuedBytes: 4_194_304,
      shutdownTimeoutMs: 20_000,
    });
    expect(isAbsolute(settings.dataDir)).toBe(true);
    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.bootstrap)).toBe(true);
  });

  it('turns the text of the environment into typed values', () => {
    const settings = loadSettings({
      RINGDOWN_API_PORT: '0',
      RINGDOWN_LOG_EVENTS: 'true',
      RINGDOWN_AMQP_URL: 'amqp://one:5672/a, amqps://two',
      RINGDOWN_TRUST_PROXY: 'loopback,10.0.0.0/8,::1',
      RINGDOWN_AUTH_SECRET: `new:${SECRET}:x,old:${SECRET}`,
      RINGDOWN_BOOTSTRAP_USERNAME: 'root',
    });

    expect(settings.apiPort).toBe(0);
    expect(settings.logEvents).toBe(true);
    expect(settings.amqpUrls).toEqual(['amqp://one:5672/a', 'amqps://two']);
    expect(settings.trustProxy).toEqual(['127.0.0.0/8', '::1/128', '10.0.0.0/8', '::1']);
    expect(settings.authSecrets).toEqual([
      { kid: 'new', secret: `${SECRET}:x` },
      { kid: 'old', secret: SECRET },
    ]);
    expect(settings.bootstrap.username).toBe('root');
  });

  it('treats an empty value as unset', () => {
    expect(loadSettings({ RINGDOWN_AMQP_URL: '', RINGDOWN_API_PORT: '' })).toMatchObject({
      amqpUrls: undefined,
      apiPort: 8000,
    });
  });

  it.each([
    ['RINGDOWN_API_PORT', '65536'],
    ['RINGDOWN_API_PORT', '80a'],
    ['RINGDOWN_WS_RATE_CAPACITY', '0'],
    ['RINGDOWN_WS_RATE_CAPACITY', '1.5'],
    ['RINGDOWN_LOG_LEVEL', 'loud'],
    ['RINGDOWN_LOG_EVENTS', 'maybe'],
    ['RINGDOWN_HOST', 'not a host'],
    ['RINGDOWN_TRUST_PROXY', '10.0.0.0/33'],
    ['RINGDOWN_TRUST_PROXY', 'everybody'],
    ['RINGDOWN_BOOTSTRAP_EMAIL', 'nobody'],
    ['RINGDOWN_BOOTSTRAP_USERNAME', 'two words'],
    ['RINGDOWN_BOOTSTRAP_USERNAME', 'a:b'],
  ])('refuses %s=%s and shows the value', (name, value) => {
    const message = problemsOf({ [name]: value });

    expect(message).toContain(`${name} must be`);
    expect(message).toContain(JSON.stringify(value));
  });

  it.each([
    ['RINGDOWN_AMQP_URL', 'http://user:hunter22@host'],
    ['RINGDOWN_AMQP_URL', 'amqp://user:hunter22@host,,'],
    ['RINGDOWN_DATABASE_URL', 'mysql://user:hunter22@host'],
    ['RINGDOWN_AUTH_SECRET', 'k:hunter22'],
    ['RINGDOWN_AUTH_SECRET', `hunter22${SECRET}`],
    ['RINGDOWN_AUTH_SECRET', `k:hunter22${SECRET},k:hunter22${SECRET}`],
    ['RINGDOWN_BOOTSTRAP_PASSWORD', 'hunter2'],
  ])('refuses a bad %s without printing it', (name, value) => {
    const message = problemsOf({ [name]: value });

    expect(message).toContain(`${name} must be`);
    expect(message).not.toContain('hunter2');
  });

  it('reports unknown keys with the nearest name', () => {
    const message = problemsOf({ RINGDOWN_AMQP_URI: 'amqp://x', RINGDOWN_NOTHING_LIKE_IT: '1' });

    expect(message).toContain('RINGDOWN_AMQP_URI is not a setting; did you mean RINGDOWN_AMQP_URL?');
    expect(message).toContain('RINGDOWN_NOTHING_LIKE_IT is not a setting');
  });

  it('lists all problems in one message', () => {
    const message = problemsOf({ RINGDOWN_API_PORT: 'x', RINGDOWN_WS_PORT: 'y', RINGDOWN_TYPO: 'z' });

    expect(message.split('\n')).toHaveLength(4);
  });

  it('leaves the variables of the tests and of the command line tools alone', () => {
    expect(() =>
      loadSettings({ RINGDOWN_TEST_AMQP_URL: 'x', RINGDOWN_URL: 'http://127.0.0.1:8000', PATH: '/bin' }),
    ).not.toThrow();
  });

  it('leaves alone whatever was exported for the compose file', () => {
    const compose = readFileSync(join(__dirname, '../../../docker-compose.yml'), 'utf8');
    const names = [...compose.matchAll(/\$\{(RINGDOWN_\w+)/g)].map(([, name]) => name!);

    expect(names).toContain('RINGDOWN_FRONT_SUBNET');
    expect(problemsOf(Object.fromEntries(names.map((name) => [name, 'x'])))).not.toContain(
      'is not a setting',
    );
  });

  it('applies overrides last and keeps the other bootstrap values', () => {
    const settings = loadSettings(
      { RINGDOWN_BOOTSTRAP_USERNAME: 'root' },
      { bootstrap: { email: 'a@b.example' } },
    );

    expect(settings.bootstrap).toMatchObject({ username: 'root', email: 'a@b.example' });
    expect(withSettings(settings, { apiPort: 1 }).apiPort).toBe(1);
  });
});

describe('a setting in a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'ringdown-config-'));
  const file = join(directory, 'secret');

  afterAll(() => rmSync(directory, { recursive: true }));

  it('is read and its last line break cut', () => {
    writeFileSync(file, `k:${SECRET}\n`);

    const settings = loadSettings({ RINGDOWN_AUTH_SECRET_FILE: file });

    expect(settings.authSecrets).toEqual([{ kid: 'k', secret: SECRET }]);
  });

  it('must exist', () => {
    const message = problemsOf({ RINGDOWN_AUTH_SECRET_FILE: join(directory, 'none') });

    expect(message).toContain('RINGDOWN_AUTH_SECRET_FILE names');
    expect(message).toContain('ENOENT');
  });

  it('may not be given in both ways', () => {
    writeFileSync(file, `k:${SECRET}`);

    const message = problemsOf({ RINGDOWN_AUTH_SECRET_FILE: file, RINGDOWN_AUTH_SECRET: `k:${SECRET}` });

    expect(message).toContain('are both set');
  });
});

describe('printing', () => {
  it('never shows a secret', () => {
    const settings = loadSettings({
      RINGDOWN_AUTH_SECRET: `k:hunter22${SECRET}`,
      RINGDOWN_AMQP_URL: 'amqp://user:hunter22@host',
      RINGDOWN_DATABASE_URL: 'postgres://user:hunter22@host/db',
      RINGDOWN_BOOTSTRAP_PASSWORD: 'hunter22',
    });

    expect(JSON.stringify(printableSettings(settings))).not.toContain('hunter22');
    expect(printableSettings(settings)['apiPort']).toBe(8000);
  });

  it('describes every setting with text, default and users', () => {
    for (const row of describeSettings()) {
      expect(row.variable).toMatch(/^RINGDOWN_[A-Z_]+$/);
      expect(row.doc.length).toBeGreaterThan(5);
      expect(row.usedBy.length).toBeGreaterThan(0);
      expect(row.default).not.toContain('undefined');
    }
  });
});
