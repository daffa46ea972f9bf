/**
 * The servers of one test run, and the environment that tells specs about them.
 *
 * @param {typeof import('@ringdown/testing')} kit
 * @param {(line: string) => void} say
 */
export async function startTestServers(kit, say) {
  // Both are waited for, whatever happens to one: nothing may still be starting while everything is being stopped.
  const starts = await Promise.allSettled([
    startOne(kit, say, 'RabbitMQ', kit.startRabbitMq),
    startOne(kit, say, 'PostgreSQL', kit.startPostgres),
    kit.prepareAsterisk({ say: (line) => say(`Asterisk: ${line}`) }),
    kit.prepareCompose({ say: (line) => say(`Docker Compose: ${line}`) }),
  ]);
  const failed = starts.find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
  const [rabbitMq, postgres, noAsterisk, noCompose] = starts.map(({ value }) => value);
  const env = {};
  const missing = {};
  if (rabbitMq.server) {
    env.RINGDOWN_TEST_AMQP_URL = rabbitMq.server.url;
    env.RINGDOWN_TEST_AMQP_MANAGEMENT_URL = rabbitMq.server.managementUrl;
  } else {
    env.RINGDOWN_TEST_AMQP_MISSING = missing.RabbitMQ = rabbitMq.reason;
  }
  if (postgres.server) env.RINGDOWN_TEST_DATABASE_URL = postgres.server.url;
  else env.RINGDOWN_TEST_DATABASE_MISSING = missing.PostgreSQL = postgres.reason;

  // Each spec starts a switch of its own, where one can be had. Empty means no; unset would let specs look for
  // themselves.
  env.RINGDOWN_TEST_ASTERISK = noAsterisk === undefined ? 'yes' : '';
  if (noAsterisk !== undefined) {
    env.RINGDOWN_TEST_ASTERISK_MISSING = noAsterisk;
    say(`Asterisk: none. ${noAsterisk}`);
  }
  env.RINGDOWN_TEST_COMPOSE = noCompose === undefined ? 'yes' : '';
  if (noCompose !== undefined) {
    env.RINGDOWN_TEST_COMPOSE_MISSING = noCompose;
    say(`Docker Compose: none. ${noCompose}`);
  }
  const own = await ownServersPossible(kit, say, [rabbitMq.server, postgres.server]);
  env.RINGDOWN_TEST_OWN_SERVERS = own ? 'yes' : '';
  return { env, missing };
}

async function startOne(kit, say, name, start) {
  try {
    const server = await start({ say: (line) => say(`${name}: ${line}`) });
    say(`${name} ${server.version}: ${server.how} at ${new URL(server.url).host}`);
    return { server };
  } catch (error) {
    if (!(error instanceof kit.ServerUnavailable)) throw error;
    say(`${name}: none. ${error.message}`);
    return { reason: error.message };
  }
}

/** Where the run's servers are its own, a test can have more of them in the same way. */
async function ownServersPossible(kit, say, servers) {
  if (servers.some((server) => server === undefined)) return false;
  if (servers.every(({ source }) => source !== 'environment')) return true;
  return kit.ownServersPossible({ say });
}
