import { randomHex } from '@ringdown/core';

/** A virtual host of its own on the RabbitMQ of the environment, and what its management API can do to it. */
export interface RabbitVhost {
  readonly url: string;
  /** Calls the management API. `path` starts after `/api/`; `{vhost}` stands for the vhost. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  delete(): Promise<void>;
}

export interface RabbitServer {
  readonly amqpUrl: string;
  readonly managementUrl: string;
}

/** The RabbitMQ that integration tests may use; undefined when there is none. */
export function rabbitFrom(env: NodeJS.ProcessEnv): RabbitServer | undefined {
  const amqpUrl = env['RINGDOWN_TEST_AMQP_URL'];
  const managementUrl = env['RINGDOWN_TEST_AMQP_MANAGEMENT_URL'];
  return amqpUrl && managementUrl ? { amqpUrl, managementUrl } : undefined;
}

export async function createVhost(server: RabbitServer, purpose: string): Promise<RabbitVhost> {
  const vhost = `${purpose}-${randomHex(8)}`;
  const management = new URL(server.managementUrl);
  const user = decodeURIComponent(management.username) || 'guest';
  const authorization = `Basic ${Buffer.from(`${user}:${decodeURIComponent(management.password) || 'guest'}`).toString('base64')}`;
  const amqp = new URL(server.amqpUrl);
  amqp.pathname = `/${vhost}`;

  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${management.origin}/api/${path.replace('{vhost}', vhost)}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : (JSON.parse(text) as unknown);
  };
  await call('PUT', 'vhosts/{vhost}', {});
  await call('PUT', `permissions/{vhost}/${user}`, { configure: '.*', write: '.*', read: '.*' });
  return {
    url: amqp.href,
    call,
    delete: async () => {
      await call('DELETE', 'vhosts/{vhost}');
    },
  };
}
