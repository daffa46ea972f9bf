import { resolve } from 'node:path';
import type { Logger } from '@ringdown/core';
import { bootstrapPasswordFile } from '@ringdown/runtime';
import type { BannerFacts } from './banner';
import type { Standalone } from './build-standalone';
import { callsText, chatsText } from './calls-text';
import { ensureDemoDevice, signIn } from './first-visit';
import { serverName } from './server-name';

/** Looks at the running system as its first user would and returns what the banner tells. */
export async function welcome(
  { settings, broker, api, blackhole }: Standalone,
  logger: Logger,
): Promise<Omit<BannerFacts, 'notReady'>> {
  const { bootstrap, amqpUrls, databaseUrl } = settings;
  const visit = await signIn(broker, bootstrap);
  // The simulator makes users with devices of its own, which its calls belong to.
  if (visit && settings.callSource !== 'simulator') await ensureDemoDevice(broker, visit, logger);
  return {
    host: settings.host,
    apiPort: api.listener.port,
    wsPort: blackhole.port,
    broker: amqpUrls ? `RabbitMQ at ${amqpUrls.map(serverName).join(', ')}` : 'embedded, in this process',
    database: databaseUrl
      ? `PostgreSQL at ${serverName(databaseUrl)}`
      : `embedded (PGlite), in ${settings.dataDir}`,
    calls: callsText(settings),
    chats: chatsText(settings),
    accountName: bootstrap.accountName ?? '',
    accountId: visit?.accountId,
    username: bootstrap.username ?? '',
    password: visit === undefined ? undefined : bootstrap.password,
    passwordSource: bootstrapPasswordFile(settings),
    usualPasswordSource: bootstrapPasswordFile({ dataDir: resolve('.data') }),
  };
}
