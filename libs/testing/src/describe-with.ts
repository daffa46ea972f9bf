import { installedPostgres } from './servers/private-postgres';
import { installedRabbitMq } from './servers/private-rabbitmq';
import { brokerAddresses, type BrokerAddresses } from './vhost';
import { databaseServerUrl } from './test-database';

/**
 * A suite that needs the run's real RabbitMQ. Without one it is reported as skipped with the reason in its name; with
 * `CI=true` it fails instead, so that a green CI run means it ran.
 */
export function describeWithRabbitMq(name: string, suite: (broker: BrokerAddresses) => void): void {
  describeWith(
    'RabbitMQ',
    process.env['RINGDOWN_TEST_AMQP_URL'] && process.env['RINGDOWN_TEST_AMQP_MANAGEMENT_URL'],
    process.env['RINGDOWN_TEST_AMQP_MISSING'],
    name,
    () => suite(brokerAddresses()),
    () => suite({ amqpUrl: '', managementUrl: '' }),
  );
}

/** A suite that needs the run's real PostgreSQL; skipped or failing without, as {@link describeWithRabbitMq}. */
export function describeWithPostgres(name: string, suite: (serverUrl: string) => void): void {
  describeWith(
    'PostgreSQL',
    process.env['RINGDOWN_TEST_DATABASE_URL'],
    process.env['RINGDOWN_TEST_DATABASE_MISSING'],
    name,
    () => suite(databaseServerUrl()),
    () => suite(''),
  );
}

/** A suite that needs both servers. */
export function describeWithServers(
  name: string,
  suite: (servers: BrokerAddresses & { readonly databaseUrl: string }) => void,
): void {
  describeWithRabbitMq(name, (broker) =>
    describeWithPostgres('with a database', (databaseUrl) => suite({ ...broker, databaseUrl })),
  );
}

/**
 * A suite that breaks servers of its own, made with `startOwnRabbitMq` and `startOwnPostgres`. It can run where the test
 * run found Docker (`RINGDOWN_TEST_OWN_SERVERS`, set by `npm test`) or where both packages are installed.
 */
export function describeWithOwnServers(name: string, suite: () => void): void {
  const possible =
    process.env['RINGDOWN_TEST_OWN_SERVERS'] ??
    (installedRabbitMq() && installedPostgres() ? 'private' : undefined);
  describeWith(
    'servers of its own',
    possible,
    process.env['RINGDOWN_TEST_AMQP_MISSING'] ??
      process.env['RINGDOWN_TEST_DATABASE_MISSING'] ??
      'neither Docker nor both RabbitMQ and PostgreSQL are installed here',
    name,
    suite,
    suite,
  );
}

/** One suite that runs, or is skipped or fails (`required`) with the reason why it cannot. */
export function describeWith(
  server: string,
  present: string | undefined,
  reason: string | undefined,
  name: string,
  run: () => void,
  skip: () => void,
  required = process.env['CI'] === 'true',
): void {
  if (present) return describe(name, run);
  const why = `needs ${server}: ${reason ?? 'run it through npm test'}`;
  if (required) {
    describe(name, () => {
      it(`has its server (${why})`, () => {
        throw new Error(why);
      });
    });
  } else {
    describe.skip(`${name} [${why}]`, skip);
  }
}
