import { randomInt } from 'node:crypto';
import { randomHex } from '@ringdown/core';
import { freePorts } from '../free-port';
import { hold } from '../guard';
import { dockerClient, engineAddress } from '../servers/docker';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';
import { docker, tryDocker, type CommandResult } from './docker-command';

/** A container of one service. */
export interface ComposeContainer {
  readonly id: string;
  readonly name: string;
  readonly service: string;
  /** Of its first process, on the engine's machine; 0 while it does not run. */
  readonly pid: number;
  readonly restarts: number;
  readonly running: boolean;
  /** True without a health check, while it runs. */
  readonly healthy: boolean;
  /** The command that the engine runs to find out; empty without a health check. */
  readonly healthCheck: readonly string[];
  readonly exitCode: number;
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Pid: number;
    readonly Running: boolean;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: {
    readonly Labels: Readonly<Record<string, string>>;
    readonly Healthcheck?: { readonly Test?: readonly string[] };
  };
}

/** Building all images from nothing, on a slow machine. */
const UP_TIMEOUT_MS = 600_000;

/**
 * docker-compose.yml of this repository as its users run it, under a project name, ports and a subnet of its own. Removed
 * with its volumes at the end of the spec file at the latest, also when the test runner crashes.
 */
export class ComposeProject {
  private scale: readonly string[] = [];
  private built = false;

  private constructor(
    readonly name: string,
    private readonly env: Readonly<Record<string, string>>,
    /** REST and all sockets, for example `http://127.0.0.1:18000`. */
    readonly url: string,
    /** Kazoo sockets. */
    readonly wsUrl: string,
    /** The edge's own, as the services behind it see it. */
    readonly edgeAddress: string,
  ) {}

  /** Chooses names and ports; nothing runs before {@link up}. `variables` are what the file reads beside them. */
  static async create(variables: Readonly<Record<string, string>> = {}): Promise<ComposeProject> {
    const client = await dockerClient();
    const name = `ringdown-test-${randomHex(8)}`;
    const [port, wsPort] = await freePorts(2);
    const subnet = `10.${randomInt(100, 200)}.${randomInt(0, 255)}`;
    const env = {
      EDGE_PORT: String(port),
      EDGE_WS_PORT: String(wsPort),
      RINGDOWN_FRONT_SUBNET: `${subnet}.0/24`,
      RINGDOWN_FRONT_RANGE: `${subnet}.128/25`,
      RINGDOWN_EDGE_ADDRESS: `${subnet}.2`,
      ...variables,
    };
    const project = new ComposeProject(
      name,
      env,
      `http://127.0.0.1:${port}`,
      `ws://127.0.0.1:${wsPort}`,
      env.RINGDOWN_EDGE_ADDRESS,
    );
    const release = hold({
      kind: 'containers',
      label: `com.docker.compose.project=${name}`,
      docker: engineAddress(client),
    });
    onTeardown(async () => {
      await project.down({ volumes: true });
      release();
    });
    return project;
  }

  /**
   * `docker compose up --build --wait`: returns when every service is healthy. `scale`: containers per service, kept for
   * later calls; 1 of each unless said. Built once: a second call starts what the first one built.
   */
  async up(scale?: Readonly<Record<string, number>>): Promise<void> {
    if (scale) {
      this.scale = Object.entries(scale).flatMap(([service, count]) => ['--scale', `${service}=${count}`]);
    }
    const build = this.built ? [] : ['--build'];
    try {
      await this.compose(['up', ...build, '--wait', '--wait-timeout', '300', ...this.scale], UP_TIMEOUT_MS);
      this.built = true;
    } catch (error) {
      const logs = await this.logs({ tail: 15 }).catch(() => '');
      throw new Error(`${(error as Error).message}\n${logs}`, { cause: error });
    }
  }

  /** Stops and removes the containers; the volumes with everything in them only when told so. */
  async down(options: { readonly volumes?: boolean } = {}): Promise<void> {
    await this.compose(
      ['--profile', '*', 'down', '--remove-orphans', ...(options.volumes ? ['--volumes', '-t', '1'] : [])],
      180_000,
    );
  }

  /** Runs one of the command line tools; standard output. */
  cli(...args: readonly string[]): Promise<string> {
    return this.compose(['run', '--rm', '--no-deps', '-T', 'cli', ...args], 60_000);
  }

  /** Any `docker compose` command of this project; rejects when it fails. */
  compose(args: readonly string[], timeoutMs = 60_000): Promise<string> {
    return docker(this.command(args), { env: this.env, timeoutMs });
  }

  /** Like {@link compose}; resolves also when it fails. */
  tryCompose(args: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
    return tryDocker(this.command(args), { env: this.env, timeoutMs });
  }

  /** What the services logged, without the engine's colours and prefixes unless several are asked. */
  logs(options: { readonly service?: string; readonly tail?: number } = {}): Promise<string> {
    return this.compose([
      'logs',
      '--no-color',
      ...(options.tail === undefined ? [] : ['--tail', String(options.tail)]),
      ...(options.service === undefined ? [] : [options.service]),
    ]);
  }

  /** The containers of a service, or of all services, ordered by name; stopped ones included. */
  async containers(service?: string): Promise<ComposeContainer[]> {
    // Images that Compose built bear the project's name, too; what somebody starts from them by hand is not of it.
    const ofProject = ['--filter', `label=com.docker.compose.project=${this.name}`];
    const notByHand = ['--filter', 'label=com.docker.compose.oneoff=False'];
    const ids = (await docker(['ps', '-aq', ...ofProject, ...notByHand])).split(/\s+/);
    const present = ids.filter((id) => id !== '');
    if (present.length === 0) return [];
    const inspected = JSON.parse(await docker(['inspect', ...present])) as Inspected[];
    return inspected
      .map(containerOf)
      .filter((container) => service === undefined || container.service === service)
      .sort((a, b) => a.name.localeCompare(b.name));
  }

  /**
   * SIGKILL to a container's first process from outside, as the kernel does when memory ends. `docker kill` would not do:
   * the engine takes it for the operator's wish and does not start the container again.
   */
  async kill9({ pid, name }: ComposeContainer): Promise<void> {
    if (pid === 0) throw new Error(`${name} does not run`);
    const onTheMachine = ['run', '--rm', '--user', '0', '--pid', 'host', '--network', 'none'];
    const unconfined = ['--security-opt', 'apparmor=unconfined'];
    await docker([
      ...onTheMachine,
      ...unconfined,
      '--entrypoint',
      '/bin/sh',
      'ringdown/cli',
      '-c',
      `kill -9 ${pid}`,
    ]);
  }

  /**
   * Waits until the engine started a killed container again and its health check passes. The check is run here, because the
   * engine's own next look may be seconds away.
   */
  async untilHealed(killed: ComposeContainer): Promise<void> {
    await waitUntil(
      async () => {
        const now = (await this.containers(killed.service)).find(({ id }) => id === killed.id);
        return now !== undefined && now.running && now.pid !== killed.pid && (await passes(now));
      },
      { timeoutMs: 120_000, intervalMs: 250, what: `${killed.name} to be back and healthy` },
    );
  }

  /** GET from inside of a container, for what the edge does not show; the body. */
  fetchInside({ id }: ComposeContainer, url: string): Promise<string> {
    const script = 'fetch(process.argv[1]).then((r) => r.text()).then((t) => process.stdout.write(t))';
    return docker(['exec', id, 'node', '-e', script, url]);
  }

  /** Every long word with a digit in the volumes that hold secrets: what may be seen nowhere else. */
  async secrets(): Promise<string[]> {
    const label = `label=com.docker.compose.project=${this.name}`;
    const names = (await docker(['volume', 'ls', '-q', '--filter', label])).trim().split('\n');
    const contents = await Promise.all(
      names
        .filter((name) => name.includes('secrets'))
        .map((name) =>
          docker(
            ['run', '--rm', '--network', 'none', '--user', '0', '-v', `${name}:/secrets:ro`].concat([
              '--entrypoint',
              '/bin/sh',
              'ringdown/cli',
              '-c',
              'find /secrets -type f -exec cat {} +',
            ]),
          ),
        ),
    );
    const words = contents.join('\n').match(/[\w+/=-]{24,}/g) ?? [];
    return [...new Set(words.filter((word) => /\d/.test(word)))];
  }

  /** All that the engine tells about the containers of the project and their images, layers' commands included. */
  async inspected(): Promise<{ readonly containers: string; readonly images: string }> {
    const ids = (await this.containers()).map(({ id }) => id);
    const containers = await docker(['inspect', ...ids]);
    const images = new Set((JSON.parse(containers) as { Image: string }[]).map(({ Image }) => Image));
    const texts = await Promise.all(
      [...images].flatMap((image) => [
        docker(['image', 'inspect', image]),
        docker(['image', 'history', '--no-trunc', image]),
      ]),
    );
    return { containers, images: texts.join('\n') };
  }

  private command(args: readonly string[]): string[] {
    return ['compose', '-p', this.name, ...args];
  }
}

function containerOf(one: Inspected): ComposeContainer {
  return {
    id: one.Id,
    name: one.Name.replace(/^\//, ''),
    service: one.Config.Labels['com.docker.compose.service'] ?? '',
    pid: one.State.Pid,
    restarts: one.RestartCount,
    running: one.State.Running,
    healthy: one.State.Running && (one.State.Health?.Status ?? 'healthy') === 'healthy',
    healthCheck: one.Config.Healthcheck?.Test ?? [],
    exitCode: one.State.ExitCode,
  };
}

/** Whether its health check passes now; true without one. */
async function passes({ id, healthCheck: [kind, ...command] }: ComposeContainer): Promise<boolean> {
  if (kind !== 'CMD' && kind !== 'CMD-SHELL') return true;
  const shell = kind === 'CMD-SHELL' ? ['sh', '-c'] : [];
  return (await tryDocker(['exec', id, ...shell, ...command])).code === 0;
}
