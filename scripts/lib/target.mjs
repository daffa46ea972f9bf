import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ToolError } from './tool.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** DATA_DIR as `npm start` sees it. */
export function dataDirOf(env) {
  return resolve(root, env.RINGDOWN_DATA_DIR || '.data');
}

/**
 * Which system to talk to and as whom: options first, then the environment, then what `npm start` uses.
 *
 * @returns {{ url: string, accountName: string, username: string, password: string }}
 */
export function targetOf(values, env = process.env) {
  const url = values.url || env.RINGDOWN_URL || `http://127.0.0.1:${env.RINGDOWN_API_PORT || 8000}`;
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new ToolError(`${url} is not an http:// or https:// URL.`);
  }
  return {
    url: url.replace(/\/+$/, ''),
    accountName:
      values.account || env.RINGDOWN_ACCOUNT || setting(env, 'RINGDOWN_BOOTSTRAP_ACCOUNT_NAME') || 'demo',
    username: values.user || env.RINGDOWN_USER || setting(env, 'RINGDOWN_BOOTSTRAP_USERNAME') || 'admin',
    password: passwordOf(values, env),
  };
}

/** How people reach the system: inside of a container the tools know it by another name. */
export function publicUrlOf(target, env = process.env) {
  return env.RINGDOWN_PUBLIC_URL || target.url;
}

/**
 * Where to look for WebSockets, in order: beside REST, as `npm start` and a proxy serve them, then on the port of a
 * gateway of its own.
 */
export function socketUrlsOf(url, env = process.env) {
  const gateway = new URL(url.replace(/^http/, 'ws'));
  gateway.port = env.RINGDOWN_WS_PORT || '5555';
  gateway.pathname = '/';
  return [`${url.replace(/^http/, 'ws')}/ws`, gateway.href];
}

function passwordOf(values, env) {
  const named = values['password-file'] || env.RINGDOWN_PASSWORD_FILE;
  if (named) return readPassword(named, 'Start Ringdown first, or name another file with --password-file.');
  const configured = setting(env, 'RINGDOWN_BOOTSTRAP_PASSWORD');
  if (configured) return configured;
  return readPassword(
    join(dataDirOf(env), 'bootstrap-password'),
    'Start Ringdown first (npm start), or say whose password to use with --user and --password-file.',
  );
}

function setting(env, name) {
  const file = env[`${name}_FILE`];
  return env[name] || (file ? readPassword(file, `${name}_FILE names it.`) : undefined);
}

function readPassword(file, wayOut) {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new ToolError(`Cannot read ${file} (${error.code}). ${wayOut}`);
  }
}
