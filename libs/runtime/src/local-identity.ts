import { join } from 'node:path';
import { AppError, randomHex } from '@ringdown/core';
import { settingsCatalogue, withSettings, type Settings } from '@ringdown/config';
import { readOrCreatePrivateFile } from './private-file';

/** Files in DATA_DIR. */
const AUTH_SECRET_FILE = 'auth-secret';
const PASSWORD_FILE = 'bootstrap-password';

/** Whether a service makes or checks tokens. The others need no key, and are better off without one. */
export function usesTokenKey(service: string): boolean {
  return settingsCatalogue.authSecrets.usedBy.some((user) => user === service);
}

/**
 * The settings with a token key: the configured ones, else one generated into DATA_DIR, which all processes on one
 * machine share. A process that other machines can reach gets no key of its own making: its tokens would be worth nothing
 * elsewhere, so the missing setting is named instead.
 */
export function withLocalSecret(settings: Settings): Settings {
  if (settings.authSecrets) return settings;
  if (!isLoopback(settings.host)) {
    throw new AppError(
      'validation_failed',
      `RINGDOWN_HOST ${settings.host} makes this service reachable from other machines, so RINGDOWN_AUTH_SECRET must be set, to the same value in every process.`,
    );
  }
  return withGeneratedSecret(settings);
}

/** Like {@link withLocalSecret} for a system in one process, where nobody else needs the key. */
export function withGeneratedSecret(settings: Settings): Settings {
  if (settings.authSecrets) return settings;
  const secret = readOrCreatePrivateFile(settings.dataDir, AUTH_SECRET_FILE, () => randomHex(64));
  return withSettings(settings, { authSecrets: [{ kid: 'local', secret }] });
}

/** The settings with the root account and super admin of a system for one person; the password is kept in DATA_DIR. */
export function withLocalBootstrap(settings: Settings): Settings {
  const { accountName, username, password, email } = settings.bootstrap;
  return withSettings(settings, {
    bootstrap: {
      accountName: accountName ?? 'demo',
      username: username ?? 'admin',
      email: email ?? 'admin@demo.example',
      password: password ?? readOrCreatePrivateFile(settings.dataDir, PASSWORD_FILE, () => randomHex(24)),
    },
  });
}

/** Where {@link withLocalBootstrap} keeps a generated password. */
export function bootstrapPasswordFile(settings: Pick<Settings, 'dataDir'>): string {
  return join(settings.dataDir, PASSWORD_FILE);
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
