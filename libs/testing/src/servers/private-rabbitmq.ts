import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomHex } from '@ringdown/core';
import { freePorts } from '../free-port';
import { inheritedEnvironment } from '../processes';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';
import { findProgram, unprivilegedUser, type SystemUser } from './programs';
import { probeRabbitMq } from './probe';
import { ServerUnavailable, type BreakableServer, type RabbitMqOptions } from './server';
import { ServerProcess } from './server-process';
import { temporaryDirectory } from './temporary-directory';

/** Where packages put the real script; the one on PATH may be a wrapper that insists on the system's own node. */
const SCRIPT_FOLDERS = [
  '/usr/lib/rabbitmq/bin',
  '/opt/homebrew/opt/rabbitmq/sbin',
  '/usr/local/opt/rabbitmq/sbin',
];

/** The installed `rabbitmq-server` script, if a private node can be run here. */
export function installedRabbitMq(): { script: string; epmd: string } | undefined {
  if (process.platform === 'win32') return undefined;
  const script = findProgram('rabbitmq-server', SCRIPT_FOLDERS);
  const epmd = findProgram('epmd', ['/usr/lib/erlang/bin']);
  return script && epmd ? { script, epmd } : undefined;
}

/**
 * A RabbitMQ node of our own: loopback only, free ports, its files in a temporary directory, its own Erlang port mapper
 * and cookie, the management plugin on. It shares nothing with a RabbitMQ of the system.
 */
export async function startPrivateRabbitMq(options: RabbitMqOptions = {}): Promise<BreakableServer> {
  const installed = installedRabbitMq();
  if (!installed) throw new ServerUnavailable('no rabbitmq-server is installed');
  const node = new PrivateRabbitMq(installed, await freePorts(options.webStomp ? 6 : 4));
  try {
    await node.start();
  } catch (error) {
    await node.stop();
    throw error;
  }
  return node;
}

class PrivateRabbitMq implements BreakableServer {
  readonly source = 'private';
  readonly how = 'a private rabbitmq-server node';
  readonly url: string;
  readonly managementUrl: string;
  readonly webStompUrl?: string;
  version = '';
  private readonly user: SystemUser | undefined = unprivilegedUser('rabbitmq', 'nobody');
  private readonly folder = temporaryDirectory('ringdown-rabbitmq', this.user);
  private readonly env: Record<string, string>;
  private readonly forget = onTeardown(() => this.stop());
  private epmd: ServerProcess | undefined;
  private node: ServerProcess | undefined;

  constructor(
    private readonly installed: { script: string; epmd: string },
    ports: readonly number[],
  ) {
    const [amqp, management, distribution, epmd, webStomp, stomp] = ports;
    this.url = `amqp://guest:guest@127.0.0.1:${amqp}`;
    this.managementUrl = `http://guest:guest@127.0.0.1:${management}`;
    const home = this.folder.path;
    const plugins = ['rabbitmq_management'];
    const stompSettings: string[] = [];
    if (webStomp !== undefined) {
      this.webStompUrl = `ws://127.0.0.1:${webStomp}/ws`;
      plugins.push('rabbitmq_web_stomp');
      stompSettings.push(
        'web_stomp.tcp.ip = 127.0.0.1',
        `web_stomp.tcp.port = ${webStomp}`,
        `stomp.listeners.tcp.1 = 127.0.0.1:${stomp}`,
      );
    }
    this.write('enabled_plugins', `[${plugins.join(',')}].\n`);
    this.write('rabbitmq-env.conf', '');
    this.write('advanced.config', '[].\n');
    this.write(
      'rabbitmq.conf',
      [
        `listeners.tcp.1 = 127.0.0.1:${amqp}`,
        'management.tcp.ip = 127.0.0.1',
        `management.tcp.port = ${management}`,
        ...stompSettings,
        'log.console = true',
        'log.file = false',
        'disk_free_limit.absolute = 1MB',
        // Counts in the management API are this old at most.
        'collect_statistics_interval = 1000',
        '',
      ].join('\n'),
    );
    mkdirSync(join(home, 'mnesia'));
    mkdirSync(join(home, 'log'));
    if (this.user)
      for (const name of ['mnesia', 'log']) chownSync(join(home, name), this.user.uid, this.user.gid);
    const inherited = Object.entries(inheritedEnvironment()).filter(
      ([name]) => !/^(RABBITMQ|ERL)_|^NOTIFY_SOCKET$/.test(name),
    );
    this.env = {
      ...Object.fromEntries(inherited),
      HOME: home,
      ERL_EPMD_PORT: String(epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `ringdown-${randomHex(8)}@localhost`,
      RABBITMQ_DIST_PORT: String(distribution),
      RABBITMQ_BASE: home,
      RABBITMQ_MNESIA_BASE: join(home, 'mnesia'),
      RABBITMQ_LOG_BASE: join(home, 'log'),
      RABBITMQ_GENERATED_CONFIG_DIR: join(home, 'generated'),
      RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
      RABBITMQ_CONFIG_FILES: join(home, 'conf.d'),
      RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
      RABBITMQ_CONF_ENV_FILE: join(home, 'rabbitmq-env.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
      RABBITMQ_PID_FILE: join(home, 'node.pid'),
      // The script then becomes the node instead of watching over it: one process to signal, no shell in between.
      RUNNING_UNDER_SYSTEMD: 'true',
      // Idle schedulers must not spin: tests share the machine with the node.
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
        '+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}',
    };
  }

  /** The script becomes the node, so this is the node. */
  get pid(): number | undefined {
    return this.node?.pid;
  }

  get running(): boolean {
    return this.node?.running ?? false;
  }

  async start(): Promise<void> {
    if (this.running) return;
    // Started by us and in the foreground, or the node would leave a daemon of its own behind.
    if (!this.epmd?.running) {
      this.epmd = this.spawn(this.installed.epmd, [
        '-port',
        this.env['ERL_EPMD_PORT']!,
        '-address',
        '127.0.0.1',
      ]);
    }
    const node = (this.node = this.spawn(this.installed.script, []));
    this.version = await waitUntil(
      async () => {
        if (!node.running) return { version: '' };
        return { version: await probeRabbitMq(this.url, this.managementUrl) };
      },
      {
        timeoutMs: 120_000,
        intervalMs: 250,
        what: () => `the private RabbitMQ node, whose log ends:\n${node.logTail()}`,
      },
    ).then(({ version }) => version);
    if (!node.running) throw new Error(`the private RabbitMQ node ended:\n${node.logTail()}`);
  }

  async shutdown(): Promise<void> {
    await this.node?.end('SIGTERM', 60_000);
  }

  async restart(): Promise<void> {
    await this.shutdown();
    await this.start();
  }

  async kill9(): Promise<void> {
    await this.node?.end('SIGKILL');
  }

  pause(): Promise<void> {
    if (this.node?.running) process.kill(this.node.pid, 'SIGSTOP');
    return Promise.resolve();
  }

  resume(): Promise<void> {
    if (this.node?.running) process.kill(this.node.pid, 'SIGCONT');
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.forget();
    // Its data goes away anyway, so there is nothing to wait for.
    await this.kill9();
    await this.epmd?.end('SIGKILL');
    this.folder.remove();
  }

  private spawn(command: string, args: readonly string[]): ServerProcess {
    return new ServerProcess({
      command,
      args,
      env: this.env,
      cwd: this.folder.path,
      logFile: join(this.folder.path, 'log', 'console.log'),
      user: this.user,
    });
  }

  private write(name: string, text: string): void {
    const path = join(this.folder.path, name);
    writeFileSync(path, text);
    if (this.user) chownSync(path, this.user.uid, this.user.gid);
  }
}
