import { withDeadline } from '@ringdown/core';
import { connect } from 'amqplib';
import { Client } from 'pg';
import { RabbitMqManagement } from '../rabbitmq-management';

/** The version of a RabbitMQ that answers on both its ports; throws while it does not. */
export async function probeRabbitMq(url: string, managementUrl: string): Promise<string> {
  const overview = await new RabbitMqManagement(managementUrl).get<{ rabbitmq_version: string }>('overview');
  const connection = await withDeadline(connect(url), 10_000, 'connecting to RabbitMQ');
  connection.on('error', () => undefined);
  await connection.close();
  return overview.rabbitmq_version;
}

/** The version of a PostgreSQL that answers; throws while it does not. */
export async function probePostgres(url: string): Promise<string> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const result = await client.query<{ server_version: string }>('SHOW server_version');
    return result.rows[0]?.server_version.split(' ')[0] ?? 'unknown';
  } finally {
    await client.end().catch(() => undefined);
  }
}
