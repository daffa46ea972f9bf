import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from '../free-port';
import { inheritedEnvironment } from '../processes';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';
import { probePostgres } from './probe';
import { findProgram, unprivilegedUser, versionedFolders, type SystemUser } from './programs';
import { ServerUnavailable, type BreakableServer } from './server';
import { ServerProcess } from './server-process';
import { temporaryDirectory } from './temporary-directory';

/** The programs of an installed PostgreSQL, the newest if there are several. */
export function installedPostgres(): { initdb: string; postgres: string } | undefined {
  if (process.platform === 'win32') return undefined;
  const folders = [
    ...versionedFolders('/usr/lib/postgresql', /^\d+$/),
    ...versionedFolders('/opt/homebrew/opt', /^postgresql(@\d+)?$/),
    ...versionedFolders('/usr/local/opt', /^postgresql(@\d+)?$/),
  ].map((folder) => join(folder, 'bin'));
  const initdb = findProgram('initdb', folders);
  const postgres = findProgram('postgres', folders);
  return initdb && postgres ? { initdb, postgres } : undefined;
}

/** A PostgreSQL cluster of our own in a temporary directory: loopback only, a free port, no socket file, no fsync. */
export async function startPrivatePostgres(): Promise<BreakableServer> {
  const installed = installedPostgres();
  if (!installed) throw new ServerUnavailable('no PostgreSQL server is installed');
  const server = new PrivatePostgres(installed, await freePort());
  try {
    server.initialise();
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

class PrivatePostgres implements BreakableServer {
  readonly source = 'private';
  readonly how = 'a private PostgreSQL cluster';
  readonly url: string;
  version = '';
  // initdb and the server refuse to run as root.
  private readonly user: SystemUser | undefined = unprivilegedUser('postgres', 'nobody');
  private readonly folder = temporaryDirectory('ringdown-postgres', this.user);
  private readonly data = join(this.folder.path, 'data');
  private readonly env = {
    ...Object.fromEntries(Object.entries(inheritedEnvironment()).filter(([name]) => !name.startsWith('PG'))),
    HOME: this.folder.path,
  };
  private readonly forget = onTeardown(() => this.stop());
  private server: ServerProcess | undefined;

  constructor(
    private readonly installed: { initdb: string; postgres: string },
    private readonly port: number,
  ) {
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  }

  get running(): boolean {
    return this.server?.running ?? false;
  }

  initialise(): void {
    const result = spawnSync(
      this.installed.initdb,
      ['-D', this.data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      { cwd: this.folder.path, env: this.env, encoding: 'utf8', ...this.user },
    );
    if (result.status !== 0) {
      throw new Error(`initdb failed: ${result.error?.message ?? result.stderr ?? ''}`);
    }
  }

  async start(): Promise<void> {
    if (this.running) return;
    this.version = await waitUntil(
      async () => {
        // Straight after a kill the backends of the old server may hold its shared memory for a moment: try again.
        if (!this.running) this.server = this.launch();
        return probePostgres(this.url);
      },
      {
        timeoutMs: 60_000,
        intervalMs: 100,
        what: () => `the private PostgreSQL, whose log ends:\n${this.server?.logTail() ?? ''}`,
      },
    );
  }

  /** SIGINT is PostgreSQL's fast shutdown: sessions are ended, everything is written. */
  async shutdown(): Promise<void> {
    await this.server?.end('SIGINT', 60_000);
  }

  async restart(): Promise<void> {
    await this.shutdown();
    await this.start();
  }

  async kill9(): Promise<void> {
    if (!this.server?.running) return;
    this.server.signalTree('SIGKILL');
    await this.server.end('SIGKILL');
  }

  pause(): Promise<void> {
    if (this.server?.running) this.server.signalTree('SIGSTOP');
    return Promise.resolve();
  }

  resume(): Promise<void> {
    if (this.server?.running) this.server.signalTree('SIGCONT');
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.forget();
    await this.resume();
    // Immediate shutdown: children are ended and the operating system gets its shared memory back.
    await this.server?.end('SIGQUIT', 10_000);
    this.folder.remove();
  }

  private launch(): ServerProcess {
    const settings = {
      listen_addresses: '127.0.0.1',
      port: this.port,
      unix_socket_directories: '',
      // Survives a kill of the server all the same; only a crash of the machine would lose data.
      fsync: 'off',
      full_page_writes: 'off',
      max_connections: 200,
      // Its segments are files of the data directory and go away with it.
      dynamic_shared_memory_type: 'mmap',
    };
    return new ServerProcess({
      command: this.installed.postgres,
      args: [
        '-D',
        this.data,
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      env: this.env,
      cwd: this.folder.path,
      logFile: join(this.folder.path, 'server.log'),
      user: this.user,
      emergencySignal: 'SIGQUIT',
    });
  }
}
