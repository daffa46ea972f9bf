import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ToolError } from './tool-error.mjs';

/** What may be in a URL, a configuration file and a line of SQL without meaning anything there. */
const HARMLESS = /^[A-Za-z0-9._~-]{16,256}$/;
const PASSWORD = {
  make: () => randomBytes(24).toString('base64url'),
  check: (text) => HARMLESS.test(text) || '16 to 256 letters, digits and . _ ~ -',
};

/**
 * The secrets of the composed system: name, its file, and, where others learn it once and keep it, the place that shows
 * whether they have: then it cannot be made anew behind their backs.
 */
export const secrets = {
  database: {
    file: 'database/password',
    keptBy: 'PostgreSQL',
    lost: 'PostgreSQL takes a new password at its next start',
    ...PASSWORD,
  },
  broker: {
    file: 'broker/password',
    keptBy: 'RabbitMQ',
    lost: 'RabbitMQ takes a new password at its next start',
    ...PASSWORD,
  },
  login: {
    file: 'login/password',
    keptBy: 'PostgreSQL',
    make: () => randomBytes(18).toString('base64url'),
    // A person chose it: whatever RINGDOWN_BOOTSTRAP_PASSWORD takes, on one line.
    check: (text) => /^.{8,1024}$/u.test(text) || '8 to 1024 characters on one line',
    own: 'The super admin changes his password over REST; then init set login < FILE tells it to the tools.',
    next: 'The tools log in with it. After the first start that changes no login: the super admin has the password he had.',
  },
  tokens: {
    file: 'tokens/auth-secret',
    make: () => tokenKey(),
    check: checkTokenKeys,
    next: 'Next: docker compose restart api-gateway blackhole, then docker compose restart object-producer',
  },
  manager: { file: 'manager/ami-secret', ...PASSWORD },
  telephones: { file: 'telephones/sip-secret', ...PASSWORD },
  grafana: { file: 'grafana/admin-password', ...PASSWORD },
};

/** First entries of the data that PostgreSQL and RabbitMQ write. */
const DATA = { PostgreSQL: 'postgres/PG_VERSION', RabbitMQ: 'rabbitmq/mnesia' };

/**
 * Makes every secret that is missing and writes what follows from them. Safe to repeat and to break off: a file is there
 * whole or not at all, and what is there stays.
 *
 * @param {{ folder: string, data: string, rabbitmqConf: string }} places folder: of the secrets; data: of the volumes of
 *   PostgreSQL and RabbitMQ; rabbitmqConf: the text of its settings
 * @returns {string[]} names of the secrets that were made
 * @throws {ToolError} a secret is gone while those who know it live; nothing was made
 */
export function makeSecrets({ folder, data, rabbitmqConf }) {
  const missing = Object.entries(secrets).filter(([, { file }]) => !existsSync(join(folder, file)));
  const lost = missing.filter(([, { keptBy }]) => keptBy !== undefined && hasData(data, keptBy));
  if (lost.length > 0) throw new ToolError(wayBack(lost));
  for (const [, { file, make }] of missing) writeWhole(join(folder, file), make());
  deriveFiles(folder, rabbitmqConf);
  return missing.map(([name]) => name);
}

/**
 * Replaces one secret by `value` or, without one, by a new one. A token key keeps its predecessor, so that tokens stay valid.
 *
 * @returns {string} what is to be done next
 */
export function renewSecret(name, value, { folder, rabbitmqConf }) {
  const { file, make, check, own } = secrets[name];
  if (value === undefined && own !== undefined)
    throw new ToolError(`The secret ${name} is nothing to renew. ${own}`);
  const path = join(folder, file);
  const wrong = value === undefined ? true : check(value);
  if (wrong !== true) throw new ToolError(`That cannot be the secret ${name}: it takes ${wrong}.`);
  const [previous] = name === 'tokens' && existsSync(path) ? read(path).split(',') : [];
  writeWhole(path, value ?? [make(), previous].filter(Boolean).join(','));
  if (existsSync(join(folder, secrets.database.file)) && existsSync(join(folder, secrets.broker.file)))
    deriveFiles(folder, rabbitmqConf);
  return secrets[name].next ?? 'Next: docker compose up -d --force-recreate --wait';
}

/** URLs for the services, and RabbitMQ's settings. Always made anew: they hold nothing of their own. */
function deriveFiles(folder, rabbitmqConf) {
  const password = read(join(folder, secrets.broker.file));
  writeWhole(join(folder, 'broker/url'), `amqp://ringdown:${password}@rabbitmq:5672/ringdown`);
  writeWhole(join(folder, 'rabbitmq/rabbitmq.conf'), rabbitmqConf);
  writeWhole(join(folder, 'rabbitmq/definitions.json'), JSON.stringify(definitions(password), null, 2));
  const database = read(join(folder, secrets.database.file));
  writeWhole(join(folder, 'database/url'), `postgres://ringdown:${database}@postgres:5432/ringdown`);
}

/** RabbitMQ's own form of a password: a salt, and the SHA-256 of salt and password. It does not learn the password itself. */
function definitions(password) {
  const salt = randomBytes(4);
  const hash = createHash('sha256').update(salt).update(password, 'utf8').digest();
  return {
    users: [
      {
        name: 'ringdown',
        password_hash: Buffer.concat([salt, hash]).toString('base64'),
        hashing_algorithm: 'rabbit_password_hashing_sha256',
        // May look at everything in the management pages and change nothing but what it owns.
        tags: ['monitoring'],
      },
    ],
    vhosts: [{ name: 'ringdown' }],
    permissions: [{ user: 'ringdown', vhost: 'ringdown', configure: '.*', write: '.*', read: '.*' }],
  };
}

function wayBack(lost) {
  const lines = lost.map(([name, { keptBy }]) => `  secrets-${name}     (${keptBy} still has its data)`);
  const commands = lost.map(([name, secret]) =>
    secret.lost === undefined
      ? `  docker compose run --rm -T init set ${name} < FILE     (FILE: the present password of the super admin)`
      : `  docker compose run --rm init renew ${name}     (${secret.lost})`,
  );
  return [
    'Secrets are gone while the data behind them is still there. Volumes without their secret:',
    ...lines,
    'Nothing was started or changed. Restore these volumes from a backup, or say',
    ...commands,
    'and then docker compose up again. To give up the data as well: docker compose down --volumes.',
  ].join('\n');
}

function hasData(data, server) {
  const path = join(data, DATA[server]);
  try {
    return readdirSync(path).length > 0;
  } catch (error) {
    if (error.code === 'ENOTDIR') return true;
    if (error.code === 'ENOENT') return false;
    throw new ToolError(`Cannot tell whether ${server} holds data: ${path} (${error.code}).`);
  }
}

function tokenKey() {
  return `k${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64url')}`;
}

function checkTokenKeys(text) {
  return (
    /^([A-Za-z0-9._-]{1,64}:[^,\s]{32,},?)+$/.test(text) ||
    'kid:secret[,kid:secret…], secrets of 32 characters or more'
  );
}

function read(path) {
  return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
}

/** Readable by whoever mounts the volume: the users of the images have different numbers. */
function writeWhole(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  rmSync(part, { force: true });
  writeFileSync(part, text, { mode: 0o444, flush: true });
  renameSync(part, path);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
