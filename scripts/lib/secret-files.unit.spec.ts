import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSecrets, renewSecret, secrets } from './secret-files.mjs';

let root: string;
let places: { folder: string; data: string; rabbitmqConf: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ringdown-secrets-'));
  places = { folder: join(root, 'secrets'), data: join(root, 'data'), rabbitmqConf: 'a = b\n' };
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (file: string): string => readFileSync(join(places.folder, file), 'utf8');
const everything = (): string[] =>
  [...Object.values(secrets).map(({ file }) => file), 'broker/url', 'database/url'].map(read);
const lose = (file: string): void => rmSync(join(places.folder, file));
function postgresLives(): void {
  mkdirSync(join(places.data, 'postgres'), { recursive: true });
  writeFileSync(join(places.data, 'postgres', 'PG_VERSION'), '17\n');
}
function rabbitMqLives(): void {
  mkdirSync(join(places.data, 'rabbitmq', 'mnesia', 'rabbit@rabbitmq'), { recursive: true });
}

describe('the secrets of the composed system', () => {
  it('are made once, whatever is there already', () => {
    expect(makeSecrets(places)).toEqual(Object.keys(secrets));
    const first = everything();

    postgresLives();
    rabbitMqLives();
    expect(makeSecrets(places)).toEqual([]);
    expect(everything()).toEqual(first);
    expect(new Set(first).size).toBe(first.length);
  });

  it('are what the services expect', () => {
    makeSecrets(places);

    expect(read('tokens/auth-secret')).toMatch(/^k[0-9a-f]{8}:[\w-]{43}$/);
    expect(read('database/url')).toBe(
      `postgres://ringdown:${read('database/password')}@postgres:5432/ringdown`,
    );
    expect(read('broker/url')).toBe(`amqp://ringdown:${read('broker/password')}@rabbitmq:5672/ringdown`);
    expect(read('rabbitmq/rabbitmq.conf')).toBe('a = b\n');
    expect(statSync(join(places.folder, 'login/password')).mode & 0o777).toBe(0o444);
  });

  it('reach RabbitMQ only as a salted hash', () => {
    makeSecrets(places);
    const definitions = read('rabbitmq/definitions.json');
    const { users } = JSON.parse(definitions) as { users: { password_hash: string }[] };
    const bytes = Buffer.from(users[0]!.password_hash, 'base64');

    const expected = createHash('sha256').update(bytes.subarray(0, 4)).update(read('broker/password'));
    expect(bytes.subarray(4)).toEqual(expected.digest());
    expect(definitions).not.toContain(read('broker/password'));
  });

  it('are completed after a start that broke off, with what somebody put there', () => {
    mkdirSync(join(places.folder, 'database'), { recursive: true });
    writeFileSync(join(places.folder, 'database/password'), 'a-password-of-ones-own\n');
    writeFileSync(join(places.folder, 'database/url.part'), 'postgres://half');

    expect(makeSecrets(places)).not.toContain('database');
    expect(read('database/url')).toBe('postgres://ringdown:a-password-of-ones-own@postgres:5432/ringdown');
    expect(existsSync(join(places.folder, 'database/url.part'))).toBe(false);
  });

  it.each([
    ['database', postgresLives, 'docker compose run --rm init renew database'],
    ['broker', rabbitMqLives, 'docker compose run --rm init renew broker'],
    ['login', postgresLives, 'init set login < FILE'],
  ])('are not made anew while the data behind %s lives: the way back is named', (name, lives, command) => {
    makeSecrets(places);
    lives();
    lose(secrets[name as keyof typeof secrets].file);
    lose('tokens/auth-secret');

    expect(() => makeSecrets(places)).toThrow(command);
    expect(existsSync(join(places.folder, 'tokens/auth-secret'))).toBe(false);
  });

  it('may get lost where nobody else keeps them', () => {
    makeSecrets(places);
    postgresLives();
    rabbitMqLives();
    lose('tokens/auth-secret');
    lose('manager/ami-secret');

    expect(makeSecrets(places)).toEqual(['tokens', 'manager']);
  });

  it('are renewed with all that follows from them; of token keys the last one stays valid', () => {
    makeSecrets(places);
    const [password, key] = [read('database/password'), read('tokens/auth-secret')];

    renewSecret('database', undefined, places);
    renewSecret('tokens', undefined, places);

    expect(read('database/password')).not.toBe(password);
    expect(read('database/url')).toContain(read('database/password'));
    expect(read('tokens/auth-secret').split(',')).toEqual([expect.stringMatching(/^k[0-9a-f]{8}:/), key]);
  });

  it('take any password that the super admin may have, but make none up behind his back', () => {
    makeSecrets(places);

    expect(renewSecret('login', 'correct horse battery, äöü', places)).toContain('changes no login');
    expect(read('login/password')).toBe('correct horse battery, äöü');
    expect(() => renewSecret('login', undefined, places)).toThrow('The secret login is nothing to renew');
    expect(read('login/password')).toBe('correct horse battery, äöü');
  });

  it.each([
    ['database', "'; DROP"],
    ['login', 'two\nlines of it'],
    ['login', 'short'],
    ['broker', 'short'],
    ['tokens', 'no-kid-here-no-kid-here-no-kid-here'],
  ])('are refused when %s is %j', (name, value) => {
    makeSecrets(places);
    const before = everything();

    expect(() => renewSecret(name as keyof typeof secrets, value, places)).toThrow(
      `cannot be the secret ${name}`,
    );
    expect(everything()).toEqual(before);
  });
});
