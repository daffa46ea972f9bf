import { messageOf } from '@ringdown/core';
import { ServerUnavailable, type BreakableServer, type StartContext } from './server';

/** The ways to get one kind of server. */
export interface Ways {
  readonly name: string;
  inDocker(context: StartContext): Promise<BreakableServer>;
  isInstalled(): boolean;
  install(context: StartContext): Promise<void>;
  privately(): Promise<BreakableServer>;
}

/**
 * A server in the first way that works: a container, an installed package, a package installed now. The environment
 * variable `RINGDOWN_TEST_SERVERS=docker|private` leaves only one. Errors: {@link ServerUnavailable} with every reason.
 */
export async function findServer(ways: Ways, context: StartContext): Promise<BreakableServer> {
  const only = process.env['RINGDOWN_TEST_SERVERS'];
  if (only !== undefined && only !== 'docker' && only !== 'private') {
    throw new Error(`RINGDOWN_TEST_SERVERS is "${only}"; it must be docker or private`);
  }
  const reasons: string[] = [];
  if (only !== 'private') {
    try {
      return await ways.inDocker(context);
    } catch (error) {
      // An engine that is there and fails is no reason to go without tests.
      if (!(error instanceof ServerUnavailable))
        context.say?.(`${ways.name} in Docker failed: ${messageOf(error)}`);
      reasons.push(messageOf(error));
    }
  }
  if (only !== 'docker') {
    if (!ways.isInstalled()) {
      reasons.push(`${ways.name} is not installed`);
      try {
        await ways.install(context);
      } catch (error) {
        if (!(error instanceof ServerUnavailable)) throw error;
        throw new ServerUnavailable([...reasons, error.message].join('; '));
      }
    }
    return ways.privately();
  }
  throw new ServerUnavailable(reasons.join('; '));
}
