import { messageOf } from '@ringdown/core';
import { installRabbitMq } from './debian-packages';
import { startInDocker } from './docker';
import { findServer, type Ways } from './find-server';
import { installedRabbitMq, startPrivateRabbitMq } from './private-rabbitmq';
import { probeRabbitMq } from './probe';
import type { BreakableServer, RabbitMqOptions, StartContext, TestServer } from './server';

const WEB_STOMP_PORT = 15_674;

function waysTo({ webStomp = false }: RabbitMqOptions): Ways {
  return {
    name: 'RabbitMQ',
    inDocker: (context) =>
      startInDocker(
        {
          image: 'rabbitmq:4-management',
          env: { RABBITMQ_DEFAULT_USER: 'guest', RABBITMQ_DEFAULT_PASS: 'guest' },
          ports: [5672, 15672, ...(webStomp ? [WEB_STOMP_PORT] : [])],
          files: webStomp
            ? { '/etc/rabbitmq/enabled_plugins': '[rabbitmq_management,rabbitmq_web_stomp].\n' }
            : {},
          addresses: (host, [amqp, management, stomp]) => ({
            url: `amqp://guest:guest@${host}:${amqp}`,
            managementUrl: `http://guest:guest@${host}:${management}`,
            ...(stomp === undefined ? {} : { webStompUrl: `ws://${host}:${stomp}/ws` }),
          }),
          probe: ({ url, managementUrl }) => probeRabbitMq(url, managementUrl!),
        },
        context,
      ),
    isInstalled: () => installedRabbitMq() !== undefined,
    install: installRabbitMq,
    privately: () => startPrivateRabbitMq({ webStomp }),
  };
}

/**
 * The RabbitMQ of a test run: the one of `RINGDOWN_TEST_AMQP_URL` (its management API at
 * `RINGDOWN_TEST_AMQP_MANAGEMENT_URL`, by default port 15672 of the same host), else one of our own, which alone has
 * what the options ask for. Errors:
 * ServerUnavailable; a plain Error when the given address does not work.
 */
export async function startRabbitMq(
  context: StartContext = {},
  options: RabbitMqOptions = {},
): Promise<TestServer> {
  const url = process.env['RINGDOWN_TEST_AMQP_URL'];
  if (!url) return startOwnRabbitMq(context, options);
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
export function startOwnRabbitMq(
  context: StartContext = {},
  options: RabbitMqOptions = {},
): Promise<BreakableServer> {
  return findServer(waysTo(options), context);
}

function defaultManagementUrl(amqpUrl: string): string {
  const { username, password, hostname } = new URL(amqpUrl);
  return `http://${username || 'guest'}:${password || 'guest'}@${hostname}:15672`;
}

function redacted(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
