import { messageOf } from '@ringdown/core';
import { installRabbitMq } from './debian-packages';
import { startInDocker } from './docker';
import { findServer, type Ways } from './find-server';
import { installedRabbitMq, startPrivateRabbitMq } from './private-rabbitmq';
import { probeRabbitMq } from './probe';
import type { BreakableServer, StartContext, TestServer } from './server';

const ways: Ways = {
  name: 'RabbitMQ',
  inDocker: (context) =>
    startInDocker(
      {
        image: 'rabbitmq:4-management',
        env: { RABBITMQ_DEFAULT_USER: 'guest', RABBITMQ_DEFAULT_PASS: 'guest' },
        ports: [5672, 15672],
        addresses: (host, [amqp, management]) => ({
          url: `amqp://guest:guest@${host}:${amqp}`,
          managementUrl: `http://guest:guest@${host}:${management}`,
        }),
        probe: ({ url, managementUrl }) => probeRabbitMq(url, managementUrl!),
      },
      context,
    ),
  isInstalled: () => installedRabbitMq() !== undefined,
  install: installRabbitMq,
  privately: startPrivateRabbitMq,
};

/**
 * The RabbitMQ of a test run: the one of `RINGDOWN_TEST_AMQP_URL` (its management API at
 * `RINGDOWN_TEST_AMQP_MANAGEMENT_URL`, by default port 15672 of the same host), else one of our own. Errors:
 * ServerUnavailable; a plain Error when the given address does not work.
 */
export async function startRabbitMq(context: StartContext = {}): Promise<TestServer> {
  const url = process.env['RINGDOWN_TEST_AMQP_URL'];
  if (!url) return startOwnRabbitMq(context);
  const managementUrl = process.env['RINGDOWN_TEST_AMQP_MANAGEMENT_URL'] ?? defaultManagementUrl(url);
  try {
    const version = await probeRabbitMq(url, managementUrl);
    return {
      url,
      managementUrl,
      version,
      source: 'environment',
      how: 'RINGDOWN_TEST_AMQP_URL',
      stop: () => Promise.resolve(),
    };
  } catch (error) {
    throw new Error(
      `RINGDOWN_TEST_AMQP_URL is set, but no RabbitMQ with management API answers at ${redacted(url)} and ${redacted(managementUrl)}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

/** A RabbitMQ of one's own, to be restarted, killed or frozen by a test. Errors: ServerUnavailable. */
export function startOwnRabbitMq(context: StartContext = {}): Promise<BreakableServer> {
  return findServer(ways, context);
}

function defaultManagementUrl(amqpUrl: string): string {
  const { username, password, hostname } = new URL(amqpUrl);
  return `http://${username || 'guest'}:${password || 'guest'}@${hostname}:15672`;
}

function redacted(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
