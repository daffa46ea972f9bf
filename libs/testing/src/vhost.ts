import { randomHex } from '@ringdown/core';
import { RabbitMqManagement } from './rabbitmq-management';
import { onTeardown } from './teardown';

/** A virtual host of its own on a shared RabbitMQ. */
export interface Vhost {
  readonly name: string;
  /** AMQP address of this vhost. */
  readonly url: string;
  readonly management: RabbitMqManagement;
  /** Path element for the management API. */
  readonly path: string;
  /** Deletes the vhost with everything in it; connections to it are closed. Idempotent. */
  delete(): Promise<void>;
}

/** Addresses of a broker; by default those of the environment, set by `npm test`. */
export interface BrokerAddresses {
  readonly amqpUrl: string;
  readonly managementUrl: string;
}

/**
 * Makes a vhost with a unique name, so that spec files do not see each other. Deleted at the end of the spec file at the
 * latest.
 */
export async function createVhost(addresses: BrokerAddresses = brokerAddresses()): Promise<Vhost> {
  const name = `test-${randomHex(12)}`;
  const management = new RabbitMqManagement(addresses.managementUrl);
  const url = new URL(addresses.amqpUrl);
  const user = decodeURIComponent(url.username || 'guest');
  await management.put(`vhosts/${name}`);
  await management.put(`permissions/${name}/${encodeURIComponent(user)}`, {
    configure: '.*',
    write: '.*',
    read: '.*',
  });
  url.pathname = `/${name}`;
  const remove = async (): Promise<void> => {
    forget();
    await management.delete(`vhosts/${name}`);
  };
  const forget = onTeardown(remove);
  return { name, url: url.toString(), management, path: name, delete: remove };
}

/** The broker of this run. Errors when there is none: guard the suite with `describeWithRabbitMq`. */
export function brokerAddresses(): BrokerAddresses {
  const amqpUrl = process.env['RINGDOWN_TEST_AMQP_URL'];
  const managementUrl = process.env['RINGDOWN_TEST_AMQP_MANAGEMENT_URL'];
  if (!amqpUrl || !managementUrl) {
    throw new Error('RINGDOWN_TEST_AMQP_URL and RINGDOWN_TEST_AMQP_MANAGEMENT_URL are not set');
  }
  return { amqpUrl, managementUrl };
}
