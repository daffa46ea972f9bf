import { TcpProxy } from '../tcp-proxy';
import { createTestDatabase, databaseServerUrl } from '../test-database';
import { waitUntil } from '../wait-until';
import type { ServiceHarness, TestedClient, TestedService } from './service-harness';

/** A database of its own behind a network that breaks when the test says so. */
export interface BreakableDatabase {
  readonly url: string;
  readonly proxy: TcpProxy;
}

export async function breakableDatabase(): Promise<BreakableDatabase> {
  const { url } = await createTestDatabase();
  const server = new URL(databaseServerUrl());
  const proxy = await TcpProxy.to(Number(server.port || 5432), server.hostname);
  return { url: proxy.rewrite(url), proxy };
}

/** Does the work again until it succeeds, as a client does who retries. */
export function insist(work: () => Promise<unknown>): Promise<boolean> {
  return waitUntil(() => work().then(() => true), { intervalMs: 5 });
}

interface Opened {
  close(): Promise<void>;
}

export interface OutageOptions<Database extends Opened> {
  /** Without contacting the server. */
  open(url: string): Promise<Database>;
  build(database: Database): Promise<ServiceHarness<TestedService, TestedClient>>;
}

/** What every service with a database promises about one that is not there yet. Inside `describeWithPostgres`. */
export function databaseOutageSuite<Database extends Opened>(options: OutageOptions<Database>): void {
  it('waits for the database at start, says so, and is ready when it comes', async () => {
    const { url, proxy } = await breakableDatabase();
    proxy.set('refuse');
    const database = await options.open(url);
    const harness = await options.build(database);
    const starting = harness.start();
    await waitUntil(() => harness.service.readiness().checks['database'] === 'the database is not available');
    expect(harness.service.readiness()).toMatchObject({ ready: false });

    proxy.set('pass');
    await starting;

    await waitUntil(() => harness.service.readiness().ready);
    await harness.stop();
    await database.close();
  });

  it('stops while it waits', async () => {
    const database = await options.open('postgres://x@127.0.0.1:1/x');
    const { service } = await options.build(database);
    const starting = (async () => {
      for (const part of service.components.slice(0, 2)) await part.start();
    })();
    service.beginDrain();
    await starting;
    for (const part of [...service.components].reverse()) await part.stop();
    await database.close();
  });
}
