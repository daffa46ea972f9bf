import type { Broker } from '@ringdown/broker';
import { loadSettings, type Environment } from '@ringdown/config';
import { silentLogger } from '@ringdown/core';
import type { LoginResult } from '@ringdown/contracts';
import { banner } from './banner';
import type { Standalone } from './build-standalone';
import { welcome } from './welcome';

/** The banner of a system with these settings, which takes every login. */
async function bannerWith(env: Environment): Promise<string> {
  const settings = loadSettings({
    RINGDOWN_CALL_SOURCE: 'simulator',
    RINGDOWN_BOOTSTRAP_ACCOUNT_NAME: 'demo',
    RINGDOWN_BOOTSTRAP_USERNAME: 'admin',
    RINGDOWN_BOOTSTRAP_PASSWORD: 'a long password',
    ...env,
  });
  const login: Partial<LoginResult> = { account_id: 'a'.repeat(32), owner_id: 'b'.repeat(32) };
  const broker: Pick<Broker, 'request'> = { request: <T>() => Promise.resolve(login as T) };
  const system = {
    settings,
    broker,
    api: { listener: { port: settings.apiPort } },
    blackhole: { port: settings.wsPort },
  } as unknown as Standalone;
  return banner({ ...(await welcome(system, silentLogger)), notReady: [] });
}

describe('what a start says about the tools', () => {
  it('asks for no options where everything is in its usual place', async () => {
    expect(await bannerWith({})).toMatch(/npm run tail\n {2}npm run demo\n/);
  });

  it('names the password that is in another place', async () => {
    expect(await bannerWith({ RINGDOWN_DATA_DIR: '/elsewhere' })).toContain(
      'npm run tail -- --password-file /elsewhere/bootstrap-password\n',
    );
  });
});
