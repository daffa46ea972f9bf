import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient, freePorts, onTeardown, startProcess, type RunningProcess } from '@ringdown/testing';

export type Environment = Record<string, string | number>;

/** Settings of a process with its own folder and ports. */
export async function freshSettings(): Promise<Environment> {
  const [apiPort, wsPort] = await freePorts(2);
  const dataDir = mkdtempSync(join(tmpdir(), 'ringdown-one-'));
  onTeardown(async () => rmSync(dataDir, { recursive: true, force: true }));
  return { RINGDOWN_DATA_DIR: dataDir, RINGDOWN_API_PORT: apiPort!, RINGDOWN_WS_PORT: wsPort! };
}

/** Starts it as `npm start` does after it has built, and waits for the last line of the banner. */
export async function startOneProcess(env: Environment): Promise<RunningProcess> {
  const running = startProcess({ service: 'standalone', env });
  await running.waitForLine('npm run demo', 60_000);
  return running;
}

/** The super admin, with the password the first start generated. */
export async function login(env: Environment): Promise<ApiClient> {
  const password = readFileSync(join(String(env['RINGDOWN_DATA_DIR']), 'bootstrap-password'), 'utf8').trim();
  return new ApiClient(`http://127.0.0.1:${env['RINGDOWN_API_PORT']}`).login('admin', password, {
    name: 'demo',
  });
}

/** What `npm run -s env` exports. */
export async function exportedVariables(env: Environment): Promise<Record<string, string>> {
  const printed = startProcess({ script: 'scripts/env.mjs', env });
  const { code } = await printed.exited;
  if (code !== 0) throw new Error(`npm run env ended with ${code}: ${printed.output}`);
  return Object.fromEntries(
    [...printed.output.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]),
  );
}
