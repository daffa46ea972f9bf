import { dockerCanRun } from './docker';
import { installedPostgres } from './private-postgres';
import { installedRabbitMq } from './private-rabbitmq';
import type { StartContext } from './server';

/** True when tests can start servers of their own here without installing anything. */
export async function ownServersPossible(context: StartContext = {}): Promise<boolean> {
  if (installedRabbitMq() && installedPostgres()) return true;
  return dockerCanRun(['rabbitmq:4-management', 'postgres:17'], context);
}
