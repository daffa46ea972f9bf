import { messageOf, randomHex, withDeadline } from '@ringdown/core';
import type { ContainerRuntimeClient, GenericContainer, StartedTestContainer } from 'testcontainers';
import { hold, type DockerAddress } from '../guard';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';
import { freePorts } from '../free-port';
import { ServerUnavailable, type BreakableServer, type StartContext, type TestServer } from './server';

const PULL_TIMEOUT_MS = 120_000;
/** Every container of the test kit carries it, with a value of its own. */
export const LABEL = 'ringdown.test-server';

/** What to run in a container. */
export interface ContainerRecipe {
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ports inside the container; published on fixed free ports, so that they survive a restart. */
  readonly ports: readonly number[];
  /** Put into the container before it starts: path and content. */
  readonly files?: Readonly<Record<string, string>>;
  /** Addresses from host and the published ports, in the order of {@link ports}. */
  addresses(host: string, ports: readonly number[]): ContainerAddresses;
  /** The version once the server answers; throws while it does not. */
  probe(addresses: ContainerAddresses): Promise<string>;
}

type ContainerAddresses = Pick<TestServer, 'url' | 'managementUrl' | 'webStompUrl'>;

/**
 * Starts a server through testcontainers. Errors: {@link ServerUnavailable} when no engine answers or the image does not
 * come in time.
 */
export async function startInDocker(
  recipe: ContainerRecipe,
  context: StartContext = {},
): Promise<BreakableServer> {
  const client = await dockerClient();
  await ensureImage(client, recipe.image, context);
  // Late, because loading it takes a while and most runs do not need it.
  const { GenericContainer } = await import('testcontainers');
  const published = await freePorts(recipe.ports.length);
  const server = new DockerServer(client, recipe, published);
  try {
    await server.create(
      new GenericContainer(recipe.image)
        .withEnvironment({ ...recipe.env })
        .withCopyContentToContainer(
          Object.entries(recipe.files ?? {}).map(([target, content]) => ({ target, content })),
        )
        .withExposedPorts(
          ...recipe.ports.map((container, index) => ({ container, host: published[index]! })),
        ),
    );
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** True when an engine answers and has, or gets in time, every image. */
export async function dockerCanRun(images: readonly string[], context: StartContext = {}): Promise<boolean> {
  try {
    const client = await dockerClient();
    for (const image of images) await ensureImage(client, image, context);
    return true;
  } catch (error) {
    if (error instanceof ServerUnavailable) return false;
    throw error;
  }
}

/** The engine, or a {@link ServerUnavailable} saying why not. */
export async function dockerClient(): Promise<ContainerRuntimeClient> {
  // Our guard removes the containers of a crashed run; the reaper container would be one more image to fetch.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] ??= 'true';
  const { getContainerRuntimeClient } = await import('testcontainers');
  try {
    return await withDeadline(getContainerRuntimeClient(), 15_000, 'asking for a Docker engine');
  } catch (error) {
    throw new ServerUnavailable(`no Docker engine answers (${messageOf(error)})`);
  }
}

/** Pulls the image unless it is here. Errors: {@link ServerUnavailable}. */
export async function ensureImage(
  client: ContainerRuntimeClient,
  image: string,
  context: StartContext,
): Promise<void> {
  const { dockerode } = client.container;
  const there = await dockerode
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (there) return;
  context.say?.(`pulling ${image} …`);
  const pulled = new Promise<void>((resolve, reject) => {
    dockerode
      .pull(image)
      .then(
        (stream) =>
          dockerode.modem.followProgress(stream, (error: unknown) =>
            error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(),
          ),
        reject,
      );
  });
  try {
    await withDeadline(pulled, PULL_TIMEOUT_MS, `pulling ${image}`);
  } catch (error) {
    throw new ServerUnavailable(`the image ${image} is not here and did not come (${messageOf(error)})`);
  }
}

class DockerServer implements BreakableServer {
  readonly source = 'docker';
  readonly how: string;
  readonly url: string;
  readonly managementUrl?: string;
  readonly webStompUrl?: string;
  version = '';
  running = false;
  pid: number | undefined;
  private readonly label = randomHex(16);
  private readonly release: () => void;
  private readonly forget = onTeardown(() => this.stop());
  private creating: Promise<StartedTestContainer> | undefined;
  private container: StartedTestContainer | undefined;

  constructor(
    private readonly client: ContainerRuntimeClient,
    private readonly recipe: ContainerRecipe,
    published: readonly number[],
  ) {
    this.how = `a container of ${recipe.image}`;
    const addresses = recipe.addresses(client.info.containerRuntime.host, published);
    this.url = addresses.url;
    if (addresses.managementUrl !== undefined) this.managementUrl = addresses.managementUrl;
    if (addresses.webStompUrl !== undefined) this.webStompUrl = addresses.webStompUrl;
    this.release = hold({
      kind: 'containers',
      label: `${LABEL}=${this.label}`,
      docker: engineAddress(client),
    });
  }

  async create(container: GenericContainer): Promise<void> {
    this.creating = container
      .withLabels({ [LABEL]: this.label })
      .withStartupTimeout(120_000)
      .start();
    this.container = await this.creating;
    await this.untilReady();
  }

  async start(): Promise<void> {
    if (this.running) return;
    await this.engineContainer().start();
    await this.untilReady();
  }

  async shutdown(): Promise<void> {
    this.running = false;
    await this.engineContainer().stop({ t: 30 });
  }

  async restart(): Promise<void> {
    await this.shutdown();
    await this.start();
  }

  async kill9(): Promise<void> {
    this.running = false;
    await this.engineContainer().kill({ signal: 'SIGKILL' });
    await this.engineContainer().wait();
  }

  async pause(): Promise<void> {
    await this.engineContainer().pause();
  }

  async resume(): Promise<void> {
    await this.engineContainer().unpause();
  }

  async stop(): Promise<void> {
    this.forget();
    this.running = false;
    await this.removeContainers();
    // Stopped while it was being made: what comes out of that goes too.
    await this.creating?.catch(() => undefined);
    await this.removeContainers();
    this.release();
  }

  private removeContainers(): Promise<void> {
    return removeLabelled(this.client, `${LABEL}=${this.label}`);
  }

  private engineContainer(): ReturnType<ContainerRuntimeClient['container']['getById']> {
    if (!this.container) throw new Error(`${this.how} was not started`);
    return this.client.container.getById(this.container.getId());
  }

  private async untilReady(): Promise<void> {
    this.version = await waitUntil(
      () =>
        this.recipe.probe(
          this.managementUrl === undefined
            ? { url: this.url }
            : { url: this.url, managementUrl: this.managementUrl },
        ),
      { timeoutMs: 120_000, intervalMs: 250, what: `${this.how} to answer` },
    );
    const { State } = await this.engineContainer().inspect();
    this.pid = State.Pid > 0 ? State.Pid : undefined;
    this.running = true;
  }
}

/** Removes every container with this label, `name=value`, running or not. */
export async function removeLabelled(client: ContainerRuntimeClient, label: string): Promise<void> {
  const { dockerode } = client.container;
  const containers = await dockerode.listContainers({ all: true, filters: { label: [label] } });
  await Promise.all(
    containers.map(({ Id }) =>
      dockerode
        .getContainer(Id)
        .remove({ force: true, v: true })
        .catch((error: unknown) => {
          // Gone, or about to be, because somebody else removes it.
          const status = (error as { statusCode?: number }).statusCode;
          if (status !== 404 && status !== 409) throw error;
        }),
    ),
  );
}

/** Where the guard finds the engine. */
export function engineAddress(client: ContainerRuntimeClient): DockerAddress {
  const modem = client.container.dockerode.modem as {
    socketPath?: string;
    host?: string;
    port?: number | string;
  };
  return modem.socketPath
    ? { socketPath: modem.socketPath }
    : { host: modem.host ?? 'localhost', port: Number(modem.port ?? 2375) };
}
