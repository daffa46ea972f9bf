import { messageOf } from '@ringdown/core';
import { installPostgres } from './debian-packages';
import { startInDocker } from './docker';
import { findServer, type Ways } from './find-server';
import { installedPostgres, startPrivatePostgres } from './private-postgres';
import { probePostgres } from './probe';
import type { BreakableServer, StartContext, TestServer } from './server';

const ways: Ways = {
  name: 'PostgreSQL',
  inDocker: (context) =>
    startInDocker(
      {
        image: 'postgres:17',
        env: { POSTGRES_PASSWORD: 'postgres', POSTGRES_HOST_AUTH_METHOD: 'trust' },
        ports: [5432],
        addresses: (host, [port]) => ({ url: `postgres://postgres:postgres@${host}:${port}/postgres` }),
        probe: ({ url }) => probePostgres(url),
      },
      context,
    ),
  isInstalled: () => installedPostgres() !== undefined,
  install: installPostgres,
  privately: startPrivatePostgres,
};

/**
 * The PostgreSQL of a test run: the one of `RINGDOWN_TEST_DATABASE_URL` (whose user must be allowed to create
 * databases), else one of our own. Errors: ServerUnavailable; a plain Error when the given address does not work.
 */
export async function startPostgres(context: StartContext = {}): Promise<TestServer> {
  const url = process.env['RINGDOWN_TEST_DATABASE_URL'];
  if (!url) return startOwnPostgres(context);
  try {
    const version = await probePostgres(url);
    return {
      url,
      version,
      source: 'environment',
      how: 'RINGDOWN_TEST_DATABASE_URL',
      stop: () => Promise.resolve(),
    };
  } catch (error) {
    throw new Error(
      `RINGDOWN_TEST_DATABASE_URL is set, but no PostgreSQL answers at ${new URL(url).host}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** A PostgreSQL of one's own, to be restarted, killed or frozen by a test. Errors: ServerUnavailable. */
export function startOwnPostgres(context: StartContext = {}): Promise<BreakableServer> {
  return findServer(ways, context);
}
