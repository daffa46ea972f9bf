import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '@ringdown/config';
import {
  bootstrapPasswordFile,
  isLoopback,
  usesTokenKey,
  withGeneratedSecret,
  withLocalBootstrap,
  withLocalSecret,
} from './local-identity';

let dataDir: string;
beforeEach(() => (dataDir = join(mkdtempSync(join(tmpdir(), 'ringdown-identity-')), 'data')));
afterEach(() => rmSync(join(dataDir, '..'), { recursive: true }));

describe('the token key of a machine', () => {
  it('is generated once and found again', () => {
    const settings = loadSettings({}, { dataDir });

    const first = withLocalSecret(settings).authSecrets;

    expect(first?.[0]?.secret).toMatch(/^[0-9a-f]{64}$/);
    expect(withLocalSecret(settings).authSecrets).toEqual(first);
    expect(readdirSync(dataDir)).toEqual(['auth-secret']);
  });

  it('is the configured one when there is one', () => {
    const authSecrets = [{ kid: 'a', secret: 's'.repeat(32) }];

    expect(withLocalSecret(loadSettings({}, { dataDir, authSecrets })).authSecrets).toBe(authSecrets);
  });

  it('is for services that make or check tokens only', () => {
    const services = ['api-gateway', 'blackhole', 'object-producer', 'channels', 'call-producer', 'x'];

    expect(services.filter(usesTokenKey)).toEqual(['api-gateway', 'blackhole', 'object-producer']);
  });

  it('must be configured for a service that other machines can reach', () => {
    const settings = loadSettings({}, { dataDir, host: '0.0.0.0' });

    expect(() => withLocalSecret(settings)).toThrow('RINGDOWN_AUTH_SECRET must be set');
    expect(withGeneratedSecret(settings).authSecrets).toHaveLength(1);
  });
});

describe('the super admin of a system for one person', () => {
  it('gets defaults and a password kept for its owner only', () => {
    const settings = withLocalBootstrap(loadSettings({}, { dataDir }));

    expect(settings.bootstrap).toMatchObject({
      accountName: 'demo',
      username: 'admin',
      email: 'admin@demo.example',
    });
    expect(readFileSync(bootstrapPasswordFile(settings), 'utf8').trim()).toBe(settings.bootstrap.password);
    if (process.platform !== 'win32') {
      expect(statSync(bootstrapPasswordFile(settings)).mode & 0o777).toBe(0o600);
    }
  });

  it('keeps what was configured', () => {
    const bootstrap = { accountName: 'root', username: 'me', password: 'my password', email: 'me@a.example' };

    expect(withLocalBootstrap(loadSettings({}, { dataDir, bootstrap })).bootstrap).toEqual(bootstrap);
  });

  it('says in one sentence that a folder cannot be written', () => {
    writeFileSync(join(dataDir, '..', 'file'), '');
    const settings = loadSettings({}, { dataDir: join(dataDir, '..', 'file') });

    expect(() => withLocalBootstrap(settings)).toThrow('set RINGDOWN_DATA_DIR to another one');
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s', (host) =>
    expect(isLoopback(host)).toBe(true),
  );
  it.each(['0.0.0.0', '::', '10.0.0.1', '127.example.org'])('not %s', (host) =>
    expect(isLoopback(host)).toBe(false),
  );
});
