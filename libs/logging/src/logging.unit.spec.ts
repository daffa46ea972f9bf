import { Writable } from 'node:stream';
import { AppError, withTrace } from '@ringdown/core';
import { createLogger, type LoggerOptions } from './index';
import { isSecretKey, redactText } from './redact';

const JWT =
  'eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

async function logged(
  use: (logger: ReturnType<typeof createLogger>) => void | Promise<void>,
  options: Partial<LoggerOptions> = {},
): Promise<string> {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      // Slow on purpose: closing has to wait for it.
      setImmediate(done);
    },
  });
  const logger = createLogger({ level: 'debug', format: 'json', stream, ...options });
  await use(logger);
  await logger.close();
  return text;
}

describe('isSecretKey', () => {
  it.each([
    'token',
    'auth_token',
    'X-Auth-Token',
    'authTokens',
    'password',
    'sipPassword',
    'Authorization',
    'client_secret',
    'authSecrets',
    'credentials',
    'api_key',
    'apiKey',
    'apikey',
    'pin',
    'pins',
    'Set-Cookie',
    'private_key',
  ])('%s is one', (key) => expect(isSecretKey(key)).toBe(true));

  it.each(['token_id', 'routingKey', 'key', 'pinned', 'spinning', 'kid', 'passed', 'secretary', ''])(
    '%s is none',
    (key) => expect(isSecretKey(key)).toBe(false),
  );
});

describe('redactText', () => {
  it.each([
    ['a token', `sent ${JWT} away`, 'sent [redacted] away'],
    ['a bearer header', 'got Bearer abcdefgh12345', 'got Bearer [redacted]'],
    ['a URL with user and password', 'amqp://user:hunter2@host:5672/x', 'amqp://[redacted]@host:5672/x'],
    ['a URL with a token as user', 'https://hunter2@host/x', 'https://[redacted]@host/x'],
    ['a password with a slash and an at', 'amqp://u:hun/t@er2@host', 'amqp://[redacted]@host'],
    ['a query string', 'GET /x?auth_token=hunter2&a=1', 'GET /x?auth_token=[redacted]&a=1'],
    ['JSON', '{"password":"hun\\"ter2","a":1}', '{"password":"[redacted]","a":1}'],
    ['JSON that was cut', '{"password":"hunter2', '{"password":"[redacted]"'],
  ])('hides %s', (_what, text, expected) => expect(redactText(text)).toBe(expected));

  it.each([
    'listening on http://127.0.0.1:8000/v2?to=a@b.example',
    'mail to admin@demo.example',
    'call.CHANNEL_CREATE.a1',
  ])('leaves %s alone', (text) => expect(redactText(text)).toBe(text));

  it.each(['a', 'eyJ', '-eyJ', 'a://', 'a://b:c', '"token":"', 'token='])(
    'bounds a hostile text of %s before it searches it',
    (part) => expect(redactText(part.repeat(1_000_000)).length).toBeLessThan(50_000),
  );
});

describe('a logger', () => {
  it('writes a line of JSON with the bound fields', async () => {
    const text = await logged((logger) => logger.child({ a: 1 }).child({ b: 2 }).info('hello', { c: 3 }), {
      fields: { service: 'x' },
    });

    expect(JSON.parse(text)).toMatchObject({
      level: 'info',
      message: 'hello',
      service: 'x',
      a: 1,
      b: 2,
      c: 3,
    });
  });

  it('names the request on whose behalf a line is written, however late', async () => {
    const text = await logged(async (logger) => {
      logger.info('before');
      await withTrace({ requestId: 'r1' }, async () => {
        await Promise.resolve();
        logger.child({ a: 1 }).info('during');
      });
      logger.info('after');
    });

    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ message, request_id }) => [message, request_id])).toEqual([
      ['before', undefined],
      ['during', 'r1'],
      ['after', undefined],
    ]);
  });

  it('does not let fields replace the message or the level', async () => {
    const text = await logged((logger) =>
      logger.info('hello', { message: 'other', level: 'error', time: 1 }),
    );

    expect(JSON.parse(text)).toMatchObject({ message: 'hello', level: 'info' });
  });

  it('drops lines below its level', async () => {
    const text = await logged(
      (logger) => {
        logger.info('quiet');
        logger.warn('loud');
      },
      { level: 'warn' },
    );

    expect(text).toContain('loud');
    expect(text).not.toContain('quiet');
  });

  it('changes its level together with its children', async () => {
    const text = await logged(
      (logger) => {
        const child = logger.child({});
        child.info('before');
        logger.setLevel('info');
        child.info('after');
      },
      { level: 'warn' },
    );

    expect(text).not.toContain('before');
    expect(text).toContain('after');
  });

  it.each(['json', 'pretty'] as const)('hides secrets at any depth in %s', async (format) => {
    const error = new Error('connect amqp://user:hunter2@host failed', {
      cause: new AppError('internal', `bad ${JWT}`, { details: { api_key: 'hunter2' } }),
    });
    const text = await logged(
      (logger) =>
        logger.error(`no amqp://user:hunter2@host`, {
          error,
          request: { headers: { Authorization: 'hunter2' }, list: [{ pin: 1234567 }] },
          map: new Map([['password', 'hunter2']]),
          [`key ${JWT}`]: 1,
        }),
      { format },
    );

    expect(text).toContain('redacted');
    expect(text).not.toMatch(/hunter2|1234567|eyJ/);
  });

  it('logs an error with code, stack and the chain of causes', async () => {
    const cause = new Error('disk full');
    const error = new AppError('unavailable', 'could not store', { cause });
    const text = await logged((logger) => logger.error('failed', { error }));

    expect(JSON.parse(text)).toMatchObject({
      error: { code: 'unavailable', message: 'could not store', cause: { message: 'disk full' } },
    });
    expect(text).toContain('logging.unit.spec');
  });

  it('shows the causes of an error to people too', async () => {
    const error = new Error('outer', { cause: new Error('inner') });
    const text = await logged((logger) => logger.error('failed', { error }), { format: 'pretty' });

    expect(text).toContain('outer (cause: inner)');
    expect(text).toContain('caused by');
  });

  it('survives cycles, depth, breadth, getters that throw and odd types', async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ inner }), {});
    const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`k${index}`, { deep }]));
    const text = await logged((logger) =>
      logger.info('odd', {
        bytes: Buffer.from('secret'),
        big: 10n,
        invalid: new Date(Number.NaN),
        cyclic,
        wide,
        huge: 'x'.repeat(1_000_000),
        list: Array.from({ length: 1000 }, () => wide),
        hostile: Object.defineProperty({}, 'x', { enumerable: true, get: () => JSON.parse('{') }),
      }),
    );

    expect(text.length).toBeLessThan(100_000);
    expect(JSON.parse(text)).toMatchObject({ bytes: '[6 bytes]', big: '10', invalid: '[invalid date]' });
  });

  it('keeps a message on one line and off the terminal controls', async () => {
    const text = await logged((logger) => logger.info('a\nERROR forged\x1b[2J', { b: 'c\x07\r\nd' }), {
      format: 'pretty',
    });

    expect(text.trimEnd().split('\n')).toHaveLength(1);
    for (const control of ['\x1b', '\x07', '\r']) expect(text).not.toContain(control);
  });

  it('writes nothing after it was closed', async () => {
    let late: (() => void) | undefined;
    const text = await logged((logger) => {
      logger.info('before');
      late = () => logger.info('after');
    });
    late?.();

    expect(text).toContain('before');
    expect(text).not.toContain('after');
  });
});
